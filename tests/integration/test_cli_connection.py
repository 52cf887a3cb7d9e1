"""What the command makes of an API that refuses it, of a proxy before it, and of servers that are none of Wand's."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from temporalio.client import Client

from tests.acceptance.wand_command import wand_here
from tests.integration.page_server import serve_page
from tests.integration.service import running_service
from wand_orchestrator.cli.client.api_client import ApiClient
from wand_orchestrator.cli.client.event_stream import follow, follow_with_text
from wand_orchestrator.contract.emitted_text import Delta
from wand_orchestrator.contract.events import Event
from wand_orchestrator.errors import Unavailable

HINT = "give the right one as --api-key or WAND_API_KEY"
SSE = "Content-Type: text/event-stream"


def event(seq: int, type: str) -> str:
    body = {"seq": seq, "ts": "2026-01-31T12:00:00Z", "type": type, "message": "split\u2028here", "node": None}
    return f"id: {seq}\nevent: {type}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n: a comment\n\n"


@asynccontextmanager
async def proxy(answers: Sequence[tuple[str, str, str]], seen: list[str]) -> AsyncIterator[str]:
    """Gives one answer after the other: status line, header, body. `seen` gets where each caller was."""
    left = iter(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(next(line.rpartition(" ")[2] for line in request.splitlines() if line.startswith("Last-Event-ID")))
        status, header, body = next(left)
        writer.write(f"HTTP/1.1 {status}\r\n{header}\r\nConnection: close\r\n\r\n{body}".encode())
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_stream_goes_on_over_whatever_breaks_it() -> None:
    away = json.dumps({"code": "unavailable", "detail": "Temporal does not answer"})
    cut = event(2, "run.paused").partition('"type"')[0]
    answers = [
        ("502 Bad Gateway", "Content-Type: text/html", "<h1>Bad Gateway</h1>"),
        ("503 Service Unavailable", "Content-Type: application/problem+json", away),
        ("200 OK", SSE, event(1, "run.started") + cut),
        ("200 OK", f"{SSE}\r\nContent-Length: 1000", event(2, "run.paused")),
        ("200 OK", SSE, event(3, "run.succeeded")),
    ]
    seen: list[str] = []
    async with proxy(answers, seen) as url, httpx.AsyncClient(base_url=url) as http:
        items = [item async for item in follow(ApiClient(http), "r_1")]

    assert [item.seq for item in items if isinstance(item, Event)] == [1, 2, 3]
    assert {item.message for item in items if isinstance(item, Event)} == {"split\u2028here"}
    first, second, *rest = (item.message for item in items if isinstance(item, Unavailable))
    assert "answered with 502" in first
    assert second == f"the connection to {url} is lost (Temporal does not answer): trying again"
    assert len(rest) == 1
    assert seen == ["0", "0", "0", "1", "2"]


async def test_text_comes_between_events_and_is_no_place_to_go_on_from() -> None:
    delta = 'event: node.delta\ndata: {"type":"node.delta","node":"n","attempt":1,"offset":0,"text":"so far"}\n\n'
    answers = [("200 OK", SSE, event(1, "run.started") + delta), ("200 OK", SSE, event(2, "run.succeeded"))]
    for reader in (follow_with_text, follow):
        seen: list[str] = []
        async with proxy(answers, seen) as url, httpx.AsyncClient(base_url=url) as http:
            items = [item async for item in reader(ApiClient(http), "r_1")]
        assert [item.seq for item in items if isinstance(item, Event)] == [1, 2]
        texts = [item.text for item in items if isinstance(item, Delta)]
        assert texts == (["so far"] if reader is follow_with_text else [])
        assert seen == ["0", "1"]


async def test_a_stream_of_which_all_was_received_ends() -> None:
    seen: list[str] = []
    async with proxy([("204 No Content", "X: y", "")], seen) as url, httpx.AsyncClient(base_url=url) as http:
        assert [item async for item in follow(ApiClient(http), "r_1", after=7)] == []
    assert seen == ["7"]


async def test_without_the_right_key_a_command_says_how_to_give_it(temporal_client: Client, tmp_path: Path) -> None:
    async with running_service(temporal_client, tmp_path, worker=False, api_key="s3cret") as locked:
        for arguments in (("runs", "list"), ("runs", "list", "--api-key", "guess"), ("graphs", "list")):
            ended = await asyncio.to_thread(wand_here, *arguments, url=locked.url)
            assert ended.exit_code == 1
            assert ended.stdout == ""
            assert ended.stderr == f"wand: 127.0.0.1 asks for the API key: {HINT}\n"
        ended = await asyncio.to_thread(wand_here, "runs", "list", "--api-key", "s3cret", url=locked.url)
        assert ended.exit_code == 0
        unsendable = await asyncio.to_thread(wand_here, "runs", "list", "--api-key", "s3cr\u00e9t", url=locked.url)
        assert unsendable.exit_code == 1
        assert "s3cr" not in unsendable.output


async def test_a_server_that_is_none_of_wands_is_named(tmp_path: Path) -> None:
    for body in ("<h1>Welcome</h1>", "[]"):
        async with serve_page(body, "text/html") as url:
            ended = await asyncio.to_thread(wand_here, "runs", "show", "r_1", url=url)
        assert ended.exit_code == 1
        assert ended.stderr == f"wand: {url}runs/r_1 answered with 200, and not as an API of Wand does\n"
