"""Serves scripted models over HTTP, and keeps a log of what it was asked and what that cost."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from wand_orchestrator.contract.model_call import Price
from wand_orchestrator.scripted_models.asked import Asked, asked_of
from wand_orchestrator.scripted_models.model_script import Says, ScriptedAnswer
from wand_orchestrator.scripted_models.provider_faults import fault_of
from wand_orchestrator.scripted_models.wire_forms import Spoken

MILLION = 1_000_000
MOST_BODY_BYTES = 256 * 1024**2

PROTOCOLS = {"/v1/chat/completions": "chat", "/v1/responses": "responses", "/v1/messages": "anthropic"}


@dataclass
class Exchange:
    """One request and what became of it. `usd`: what the server charges, also for an answer that broke off.

    `ending`: `open` while it is being answered, `gone` where the caller left before the end.
    """

    asked: Asked
    answer: ScriptedAnswer
    ending: Literal["open", "answered", "fault", "broken", "gone"] = "open"
    output_tokens: int = 0
    usd: float = 0


@dataclass
class ModelServer:
    """A server of models on loopback. `price`: of all its models. `key`: the only one that it takes, if given.

    `heard` is called with every exchange before it is answered; it may wait.
    """

    script: Says
    price: Price = field(default_factory=lambda: Price(input=1, output=4))
    key: str | None = None
    port: int = 0
    log: list[Exchange] = field(default_factory=list)
    heard: Callable[[Exchange], Any] | None = None
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def openai_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def usd(self) -> float:
        """Return the money that the server has charged."""
        return sum(exchange.usd for exchange in self.log)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["ModelServer"]:
        """Serve on loopback, at a free port unless one is given, until the block ends."""
        async with await asyncio.start_server(self._connected, "127.0.0.1", self.port, limit=2**20) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        with closing(writer), suppress(OSError, asyncio.IncompleteReadError):
            path, headers, body = await _request(reader)
            if path == "/log":
                await _respond(writer, 200, self.told())
            elif path not in PROTOCOLS:
                await _respond(writer, 404, {"error": {"message": f"there is no {path}"}})
            else:
                await self._asked(asked_of(PROTOCOLS[path], json.loads(body), _key(headers)), writer)

    def told(self) -> dict[str, Any]:
        """Return the log as `GET /log` does, without keys."""
        exchanges = [
            {
                "model": each.asked.model,
                "turn": each.asked.turn,
                "last": each.asked.last,
                "input_tokens": each.asked.input_tokens,
                "output_tokens": each.output_tokens,
                "ending": each.ending,
                "usd": each.usd,
            }
            for each in self.log
        ]
        return {"requests": len(exchanges), "usd": self.usd, "exchanges": exchanges}

    async def _asked(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        wrong_key = self.key is not None and asked.key != self.key
        exchange = Exchange(asked, ScriptedAnswer(fault="key_invalid") if wrong_key else self.script(asked))
        self.log.append(exchange)
        if self.heard is not None and (waiting := self.heard(exchange)) is not None:
            await waiting
        try:
            await self._answered(exchange, Spoken(asked, exchange.answer, len(self.log)), writer)
        finally:
            if exchange.ending == "open":
                exchange.ending = "gone"

    async def _answered(self, exchange: Exchange, spoken: Spoken, writer: asyncio.StreamWriter) -> None:
        asked, answer = exchange.asked, exchange.answer
        if answer.fault is not None:
            exchange.ending = "fault"
            status, body = fault_of(asked.protocol, answer.fault, answer.echo.replace("{key}", asked.key))
            await _respond(writer, status, body, retry_after=answer.retry_after)
            return
        self._charge(exchange, 0)
        if asked.stream:
            await self._stream(exchange, spoken, writer)
            return
        await asyncio.sleep(answer.piece_sec * len(answer.pieces))
        self._charge(exchange, spoken.output_tokens)
        await _respond(writer, 200, spoken.whole())
        exchange.ending = "answered"

    async def _stream(self, exchange: Exchange, spoken: Spoken, writer: asyncio.StreamWriter) -> None:
        answer = exchange.answer
        head = ("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked", "Connection: close")
        writer.write("\r\n".join([*head, "", ""]).encode())
        sent = 0
        for piece in spoken.stream():
            if piece.waits:
                if sent == answer.break_after:
                    exchange.ending = "broken"
                    writer.transport.abort()
                    return
                sent += 1
                if answer.piece_sec:
                    await asyncio.sleep(answer.piece_sec)
            self._charge(exchange, piece.tokens)
            writer.write(f"{len(piece.data):x}\r\n".encode() + piece.data + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        exchange.ending = "answered"

    def _charge(self, exchange: Exchange, output_tokens: int) -> None:
        exchange.output_tokens += output_tokens
        cached, price = exchange.answer.cached_tokens, self.price
        fresh = exchange.asked.input_tokens - cached
        of_cached = price.input if price.cached is None else price.cached
        exchange.usd = (fresh * price.input + cached * of_cached + exchange.output_tokens * price.output) / MILLION


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Return the path, the headers in lower case, and the body of a request."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    length = min(int(headers.get("content-length", "0")), MOST_BODY_BYTES)
    return first.split(" ")[1].partition("?")[0], headers, await reader.readexactly(length)


def _key(headers: dict[str, str]) -> str:
    return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")


async def _respond(
    writer: asyncio.StreamWriter, status: int, body: dict[str, Any], retry_after: str | None = None
) -> None:
    data = json.dumps(body).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close"}
    if retry_after is not None:
        fields["Retry-After"] = retry_after
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in fields.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode() + data)
    await writer.drain()
