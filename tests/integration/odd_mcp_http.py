"""An MCP server over HTTP that answers calls as no well-kept one does: the path of its URL says how.

It opens sessions and lists the tool `t` as it should; `odd` is how a call of `t` is answered, or all requests.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from wand_orchestrator.cli.processes.ports import LOOPBACK

TOOL = {"name": "t", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}
HUGE = 9 * 1024**2

Answer = tuple[int, dict[str, str], bytes]


def json_answer(result: Any, id: Any) -> Answer:
    body = json.dumps({"jsonrpc": "2.0", "id": id, "result": result}).encode()
    return 200, {"Content-Type": "application/json"}, body


def odd_answer(odd: str, id: Any) -> Answer | None:
    """`429` and the like are statuses, which `/` parts from the content type; None closes the connection."""
    match odd:
        case "huge":
            return json_answer({"content": [{"type": "text", "text": "x" * HUGE}]}, id)
        case "packed":
            status, headers, body = json_answer({"content": []}, id)
            return status, headers | {"Content-Encoding": "gzip"}, gzip.compress(body)
        case "closes":
            return None
        case "silent-stream":
            return 200, {"Content-Type": "text/event-stream"}, b""
        case "nonsense":
            return 200, {"Content-Type": "application/json"}, b"{"
    return int(odd), {"Content-Type": "text/plain", "Retry-After": "0"}, b"no"


def answer_to(path: str, message: dict[str, Any]) -> Answer | None:
    _, when, odd = path.split("/")
    method, id = message["method"], message.get("id")
    if when == "always" or (method == "tools/call" and when == "call"):
        return odd_answer(odd, id)
    match method:
        case "initialize":
            info = {"name": "odd", "version": "1"}
            version = message["params"]["protocolVersion"]
            return json_answer({"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}, id)
        case "tools/list":
            return json_answer({"tools": [TOOL]}, id)
    if id is None:
        return 202, {}, b""
    error = json.dumps({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no"}}).encode()
    return 200, {"Content-Type": "application/json"}, error


@asynccontextmanager
async def odd_http_server(asked: list[str]) -> AsyncIterator[str]:
    """The URL of the server, before `/always/<odd>` or `/call/<odd>`. `asked`: gets the path of each call."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _serve(reader, writer, asked)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://{LOOPBACK}:{port}"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[str]) -> None:
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        path = target.partition("?")[0]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        answer: Answer | None = (405, {}, b"")
        if method == "POST":
            message = json.loads(body)
            if message["method"] == "tools/call":
                asked.append(path)
            answer = answer_to(path, message)
        if answer is None:
            return
        status, given, content = answer
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in given.items())]
        writer.write("\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content)
        await writer.drain()
