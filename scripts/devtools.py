"""The DevTools protocol, over a pipe (https://chromedevtools.github.io/devtools-protocol)."""

import asyncio
import json
import os
from itertools import count
from typing import Any


class ProtocolError(Exception):
    """The browser refused a command."""


class Connection:
    """Commands and their answers, one at a time."""

    def __init__(self, reader: asyncio.StreamReader, sink: int) -> None:
        self._reader = reader
        self._sink = sink
        self._ids = count(1)

    async def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        id = next(self._ids)
        message = {"id": id, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._sink, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            if answer.get("id") == id:
                if "error" in answer:
                    raise ProtocolError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
