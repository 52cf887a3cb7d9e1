"""The Python client against the real stack: everything that it can call, cut connections, and programs as the
documents have them.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.service import Service, running_service
from tests.waiting import until
from wand_orchestrator.client import AsyncWand, NodeTexts, RunEvent, RunFailed, WaitTimeout, Wand
from wand_orchestrator.errors import Conflict, GraphFaults, InputFaults, NotFound

ROOT = Path(__file__).parents[2]
WEBHOOK_SECRET = "whsec_" + "Wand".ljust(40, "0")


@pytest.fixture(scope="module")
async def stack(temporal_client: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("client")
    plugins = "sample_agents,emitting_agents"
    async with running_service(
        temporal_client, folder, plugins=plugins, api_key="k3y", webhook_secret=WEBHOOK_SECRET
    ) as running:
        yield running


@pytest.fixture
async def wand(stack: Service) -> AsyncIterator[AsyncWand]:
    async with AsyncWand(stack.url, "k3y") as opened:
        yield opened


def graph(expression: str = "@", **more: Any) -> dict[str, Any]:
    node = {"id": "a", "type": "agent.transform", "params": {"expression": expression}, **more.pop("node", {})}
    return {"name": "client", "nodes": [node], "edges": [], **more}


ASKING = {
    "name": "client-asks",
    "nodes": [
        {"id": "ask", "type": "flow.approval", "params": {"prompt": "Go on?", "schema": {"type": "boolean"}}},
        {"id": "paid", "type": "flow.event", "params": {"name": "paid"}},
    ],
    "edges": [{"from": "ask", "to": "paid"}],
    "options": {"budget": {"usd": 1}},
}


async def test_a_run_is_started_and_awaited(wand: AsyncWand) -> None:
    files = {"a.txt": b"hello"}
    run = await wand.run_and_wait(graph("`[1, 2]`"), input={"x": 1}, tags=["t"], files=files, timeout=30)

    assert run.outputs == {"a": [1, 2]}
    assert (run.succeeded, run.ended, run.tags, run.input) == (True, True, ["t"], {"x": 1})
    assert await wand.runs.input(run.run_id) == {"x": 1}
    assert await wand.runs.node_value(run.run_id, "a", "output") == [1, 2]
    assert (await wand.runs.node(run.run_id, "a")).output == [1, 2]
    assert [event.type async for event in wand.runs.logs(run.run_id)][-1] == "run.succeeded"
    assert run.run_id in [each.run_id async for each in wand.runs.list(tags=["t"], status="succeeded", limit=10)]
    assert [each.name async for each in wand.artifacts.list(run.run_id)] == ["a.txt"]
    assert await wand.artifacts.read(run.run_id, "a.txt") == b"hello"
    assert "<svg" in await wand.runs.draw(run.run_id)
    assert list(await wand.runs.deliveries(run.run_id)) == []
    again = await wand.runs.retry(run.run_id, from_nodes=["a"])
    assert (await wand.runs.result(again.run_id)).retry_of == run.run_id
    await wand.runs.delete(run.run_id)
    with pytest.raises(NotFound):
        await wand.runs.get(run.run_id)


async def test_a_run_that_fails_or_takes_too_long_is_an_error(wand: AsyncWand) -> None:
    failing = graph(node={"type": "flow.fail", "params": {"message": "no", "code": "out_of_stock"}})
    with pytest.raises(RunFailed) as failed:
        await wand.run_and_wait(failing)
    assert (failed.value.error_code, failed.value.node, failed.value.run_status) == ("out_of_stock", "a", "failed")

    with pytest.raises(WaitTimeout) as late:
        await wand.run_and_wait(ASKING, timeout=0.5)
    assert (await wand.runs.cancel(late.value.run_id)).status in ("cancelling", "cancelled")
    with pytest.raises(RunFailed) as stopped:
        await wand.runs.result(late.value.run_id)
    assert (stopped.value.run_status, stopped.value.run_id) == ("cancelled", late.value.run_id)


async def test_what_is_wrong_is_raised_as_the_server_raised_it(wand: AsyncWand) -> None:
    with pytest.raises(GraphFaults) as faults:
        await wand.graphs.create(graph(node={"type": "agent.nobody"}))
    assert [fault.pointer for fault in faults.value.faults] == ["/nodes/0/type"]
    with pytest.raises(InputFaults) as misfit:
        await wand.runs.start(graph(input_schema={"type": "object", "required": ["x"]}), input={})
    assert misfit.value.code == "invalid_input"
    with pytest.raises(Conflict) as state:
        await wand.runs.pause((await wand.run_and_wait(graph())).run_id)
    assert state.value.code == "run_ended"


async def test_one_key_starts_one_run(wand: AsyncWand) -> None:
    first, second = [await wand.runs.start(graph(), idempotency_key="client-1") for _ in range(2)]
    assert first.run_id == second.run_id
    assert (await wand.runs.start(graph())).run_id != first.run_id


async def test_a_run_is_steered_and_answered(wand: AsyncWand) -> None:
    run_id = (await wand.runs.start(ASKING)).run_id
    [approval] = await until(lambda: _all(wand.approvals.list(run_id=run_id)), bool)
    assert (approval.prompt, approval.answer_schema) == ("Go on?", {"type": "boolean"})
    assert (await wand.runs.create_link(run_id, "ask")).url.startswith("http")
    assert (await wand.runs.pause(run_id)).status == "paused"
    assert (await wand.runs.resume(run_id)).status == "running"
    await wand.runs.change_budget(run_id, usd=1.5)
    await wand.approvals.respond(approval, True, by="ada")
    await wand.runs.send_event(run_id, "paid", {"sum": 3})
    assert (await wand.runs.result(run_id, timeout=30)).outputs == {"paid": {"sum": 3}}

    run_id = (await wand.runs.start(ASKING)).run_id
    await until(lambda: wand.runs.get(run_id), lambda run: run.nodes["ask"].status == "waiting")
    await wand.runs.skip(run_id, "ask")
    assert (await wand.runs.result(run_id, timeout=30)).nodes["ask"].status == "skipped"
    with pytest.raises(Conflict):
        await wand.runs.retry_node(run_id, "ask")


async def _all(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


async def test_graphs_schedules_hooks_files_and_the_rest(wand: AsyncWand, tmp_path: Path) -> None:
    stored = await wand.graphs.create(graph(name="client-kept"))
    assert (await wand.graphs.validate(graph())).valid
    assert (await wand.graphs.get(stored.graph_id)).graph["name"] == "client-kept"
    assert [each.version async for each in wand.graphs.list(name="client-kept")] == [1]
    assert [each.name async for each in wand.graphs.names(search="client-kept")] == ["client-kept"]
    assert "flowchart" in await wand.graphs.draw(stored.graph_id, format="mermaid")
    assert "<svg" in await wand.graphs.draw(graph())

    await wand.schedules.create("client-kept", every="1h", schedule_id="client-hourly", paused=True)
    with pytest.raises(Conflict):
        await wand.graphs.delete(stored.graph_id)
    assert (await wand.schedules.get("client-hourly")).paused
    await wand.schedules.resume("client-hourly", note="again")
    await wand.schedules.pause("client-hourly")
    started = await wand.schedules.trigger("client-hourly", overlap="allow_all")
    await until(lambda: _all(wand.runs.list(name="client-kept")), bool)
    assert (await wand.runs.result(started.run_id, timeout=30)).outputs == {"a": {}}
    now = datetime.now(UTC)
    await wand.schedules.backfill("client-hourly", now - timedelta(minutes=2), now - timedelta(minutes=1))
    await until(lambda: _all(wand.schedules.list(graph_name="client-kept")), bool)
    await wand.schedules.delete("client-hourly")

    hook = await wand.hooks.put("client-hook", "client-kept")
    assert hook.secret is not None
    assert hook.secret not in repr(hook)
    assert (await wand.hooks.get("client-hook")).graph_name == "client-kept"
    assert "client-hook" in [each.name async for each in wand.hooks.list()]
    await wand.hooks.delete("client-hook")
    await wand.graphs.delete(stored.graph_id)

    (tmp_path / "data.csv").write_text("a,b\n")
    file = await wand.files.upload(tmp_path / "data.csv")
    assert (await wand.files.get(file.file_id)).media_type == "text/csv"
    await wand.files.delete(file.file_id)
    assert "agent.transform" in [agent.name for agent in (await wand.agents()).agents]
    assert "http.fetch" in [tool.name for tool in (await wand.tools()).tools]
    assert (await wand.usage(by=["graph", "day"])).more is False
    assert (await wand.health()).status == (await wand.ready()).temporal == "ok"


async def test_a_file_is_saved_only_when_it_is_complete(wand: AsyncWand, tmp_path: Path) -> None:
    run = await wand.run_and_wait(graph(), files={"big.bin": bytes(700_000)})
    saved = await wand.artifacts.save(run.run_id, "big.bin", tmp_path / "big.bin")
    assert saved.stat().st_size == 700_000
    with pytest.raises(NotFound):
        await wand.artifacts.save(run.run_id, "none.bin", tmp_path / "none.bin")
    assert [path.name for path in tmp_path.iterdir()] == ["big.bin"]


# Connections that break


@asynccontextmanager
async def cutting_proxy(url: str, cuts: int, seed: int, port: int = 0) -> AsyncIterator[tuple[str, list[int]]]:
    """A proxy that cuts its first answers of streams after a random number of bytes, be it within a line; and all of
    them at its end.
    """
    target, chance, made, callers = urlsplit(url), random.Random(seed), list[int](), set[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        left = chance.randrange(0, 1500) if b"/stream" in head and len(made) < cuts else None
        if left is not None:
            made.append(left)
        async with AsyncExitStack() as stack:
            stack.callback(writer.close)
            callers.add(writer)
            there, back = await asyncio.open_connection(target.hostname, target.port)
            stack.callback(back.close)
            back.write(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            if length := re.search(rb"(?i)content-length: (\d+)", head):
                back.write(await reader.readexactly(int(length[1])))
            while piece := await there.read(256 if left is None else min(256, max(left, 1))):
                if left is not None and (left := left - len(piece)) <= 0:
                    return
                writer.write(piece)
                await writer.drain()

    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", made
        for caller in callers:
            caller.transport.abort()


async def test_a_stream_that_is_cut_twenty_times_loses_and_doubles_nothing(
    wand: AsyncWand, stack: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("_async", "_sync"):
        monkeypatch.setattr(f"wand_orchestrator.client.{room}.event_stream.FIRST_RECONNECT_SEC", 0.001)
        monkeypatch.setattr(f"wand_orchestrator.client.{room}.event_stream.LONGEST_PAUSE_SEC", 0.01)
    writing = {"type": "emit.async", "params": {"pieces": ["one ", "two "], "times": 30, "pause_sec": 0.02}}
    run_id = (await wand.runs.start(graph(node=writing))).run_id
    texts, seen = NodeTexts(), list[int]()
    async with cutting_proxy(stack.url, 20, seed=7) as (url, cuts), AsyncWand(url, "k3y") as cut:
        async with cut.runs.stream_with_text(run_id) as items:
            async for item in items:
                texts.take(item)
                if isinstance(item, RunEvent):
                    seen.append(item.seq)
        # What is left of the cuts falls on readers that come later, with asyncio and without.
        later = [event.seq async for event in cut.runs.stream(run_id)]
        with Wand(url, "k3y") as plain:
            last = await asyncio.to_thread(lambda: [event.seq for event in plain.runs.stream(run_id)])
    run = await wand.runs.get(run_id)

    assert len(cuts) == 20
    assert seen == later == last == list(range(1, len(seen) + 1))
    assert texts.text("a") == run.outputs["a"]["text"]


async def test_waiting_survives_an_api_that_goes_away_and_comes_back(
    wand: AsyncWand, stack: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wand_orchestrator.client._async.event_stream.LONGEST_PAUSE_SEC", 0.02)
    asking = graph(node={"type": "flow.approval", "params": {"prompt": "?", "schema": {"type": "boolean"}}})
    async with AsyncExitStack() as opened:
        async with cutting_proxy(stack.url, 0, seed=1) as (url, _):
            waiter = await opened.enter_async_context(AsyncWand(url, "k3y"))
            waiting = asyncio.create_task(waiter.run_and_wait(asking, tags=["away"], timeout=30))
            [approval] = await until(lambda: _all(wand.approvals.list(tags=["away"])), bool)
        await wand.approvals.respond(approval, True)
        await wand.runs.result(approval.run_id)
        assert not waiting.done()
        async with cutting_proxy(stack.url, 0, seed=1, port=urlsplit(url).port or 0):
            assert (await waiting).outputs == {"a": True}
    assert len(await _all(wand.runs.list(tags=["away"]))) == 1


async def test_a_stream_that_is_left_early_closes_its_connection(wand: AsyncWand, stack: Service) -> None:
    run_id = (await wand.runs.start(ASKING)).run_id
    async with cutting_proxy(stack.url, 0, seed=1) as (url, _), AsyncWand(url, "k3y") as other:
        async with other.runs.stream(run_id) as events:
            async for event in events:
                assert event.seq == 1
                break
        pool = other._http._transport._pool  # type: ignore[attr-defined]
        assert pool.connections == []
        late = [event.seq async for event in _until_waiting(other, run_id)]
    assert late[0] == 2
    await wand.runs.cancel(run_id)


async def _until_waiting(wand: AsyncWand, run_id: str) -> AsyncIterator[RunEvent]:
    async with wand.runs.stream(run_id, after=1) as events:
        async for event in events:
            yield event
            if event.type == "node.waiting":
                return


# Programs


def _programs() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "client.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("program", _programs())
async def test_a_program_of_the_document_runs(
    program: str, wand: AsyncWand, stack: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WAND_URL", stack.url)
    monkeypatch.setenv("WAND_API_KEY", "k3y")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_text("month,sum\n1,2\n")
    await wand.graphs.create(graph("`[1, 4, 9]`", name="squares"))
    await _in_a_thread(lambda: exec(program, {"__name__": "__main__"}))


async def test_the_example_answers_its_run(
    stack: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAND_URL", stack.url)
    monkeypatch.setenv("WAND_API_KEY", "k3y")
    program = (ROOT / "examples" / "client.py").read_text()
    await _in_a_thread(lambda: exec(program, {"__name__": "__main__"}))
    assert "run.succeeded" in capsys.readouterr().out


async def _in_a_thread(run: Callable[[], None]) -> None:
    await asyncio.to_thread(run)
