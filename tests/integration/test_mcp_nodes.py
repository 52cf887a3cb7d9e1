"""Nodes that call tools of MCP servers, in runs on a real Temporal server: an odd server shows the edges."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_runs import Runs, ended, serve
from tests.integration.long_runs import beside_many, histories, short_ones_end
from tests.integration.worker_process import worker_process
from tests.waiting import until
from wand_orchestrator.contract.state import NodeState, RunState

ODD = Path(__file__).with_name("odd_mcp_server.py")
KEY = "sk-odd-0123456789abcdef"


class Odd:
    """The odd server of one worker: its settings, and what it wrote down."""

    def __init__(self, folder: Path) -> None:
        self.diary = folder / "diary"
        self.config = folder / "mcp.json"
        server = {"command": sys.executable, "args": [str(ODD), str(self.diary)], "env": {"ODD_API_KEY": KEY}}
        away = {"command": "no-such-command-of-an-mcp-server"}
        self.config.write_text(json.dumps({"mcpServers": {"odd": server, "away": away}}))

    @property
    def lines(self) -> list[str]:
        return self.diary.read_text().splitlines() if self.diary.exists() else []

    async def wrote(self, line: str) -> None:
        async def lines() -> list[str]:
            return self.lines

        await until(lines, lambda lines: line in lines)

    def switch(self, what: str, content: str = "") -> None:
        self.diary.with_suffix(f".{what}").write_text(content)


@pytest.fixture
def odd(tmp_path: Path) -> Odd:
    return Odd(tmp_path)


@pytest.fixture
async def runs(temporal_client: Client, tmp_path: Path, odd: Odd) -> AsyncIterator[Runs]:
    async for running in serve(temporal_client, tmp_path, mcp_config=odd.config):
        yield running


def node(tool: str, id: str = "n", server: str = "odd", **more: Any) -> dict[str, Any]:
    return {"id": id, "type": f"mcp.{server}.{tool}", **more}


async def until_gone(pid: int) -> None:
    async def lives() -> bool:
        return psutil.pid_exists(pid)

    await until(lives, lambda lives: not lives)


QUICK = {"retry": {"initial_interval_sec": 0.01}}


async def run(runs: Runs, *nodes: dict[str, Any], edges: Any = (), **options: Any) -> RunState:
    graph = {"name": "mcp", "nodes": list(nodes), "edges": list(edges), "options": {**QUICK, **options}}
    return await ended(await runs.start(graph))


async def outputs(runs: Runs, *nodes: dict[str, Any], edges: Any = ()) -> dict[str, Any]:
    graph = {"name": "mcp", "nodes": list(nodes), "edges": list(edges), "options": QUICK}
    return (await (await runs.start(graph)).result()).outputs


async def failed(runs: Runs, *nodes: dict[str, Any], **options: Any) -> NodeState:
    state = await run(runs, *nodes, **options)
    assert state.status == "failed"
    return state.nodes["n"]


def code(state: NodeState) -> str:
    assert state.error is not None
    return state.error.code


async def test_a_tool_is_a_node_and_the_server_is_started_and_listed_once(runs: Runs, odd: Odd) -> None:
    nodes = [node("echo", f"n{number}", input={"text": str(number)}) for number in range(5)]
    result = await outputs(runs, *nodes)
    assert {id: out["text"] for id, out in result.items()} == {f"n{i}": str(i) for i in range(5)}
    assert [line.split()[0] for line in odd.lines if not line.startswith("call")] == ["start", "list"]


async def test_a_map_calls_a_tool_for_each_item(runs: Runs) -> None:
    params = {"agent": "mcp.odd.echo", "items": [{"text": "a"}, {"text": "b"}]}
    result = await outputs(runs, {"id": "n", "type": "flow.map", "params": params})
    assert [item["text"] for item in result["n"]["outputs"]] == ["a", "b"]


async def test_a_server_is_a_node_that_lists_its_tools(runs: Runs) -> None:
    listed = (await outputs(runs, {"id": "n", "type": "mcp.odd"}))["n"]
    assert listed["server"] == "odd"
    echo = listed["tools"][0]
    assert (echo["name"], echo["description"], echo["read_only"]) == ("echo", "Does echo.", True)
    assert echo["parameters"]["required"] == ["text"]


async def test_keys_that_only_references_use_are_not_handed_to_a_tool(runs: Runs) -> None:
    source = {"id": "s", "type": "agent.transform", "params": {"expression": "{topic: 'rain'}"}}
    edge = {"from": "s", "to": "n", "map": {"topic": "topic"}}
    call = node("echo", input={"text": {"$template": "of {{ topic }}"}})
    assert (await outputs(runs, source, call, edges=[edge]))["n"]["text"] == "of rain"


@pytest.mark.parametrize("tool", ["bad\x1b[31m\nname", "not_a_schema", "far_away", "slow_pattern", "none"])
async def test_a_tool_that_cannot_be_used_is_unknown_and_the_others_are_named(runs: Runs, tool: str) -> None:
    state = await failed(runs, node(tool))
    assert code(state) == "mcp_tool_unknown"
    assert state.error is not None
    assert "there are: echo, die_once, " in state.error.message
    assert "\x1b" not in state.error.message


async def test_arguments_are_checked_before_the_call(runs: Runs, odd: Odd) -> None:
    state = await failed(runs, node("echo", input={"text": 1}))
    assert (code(state), state.attempt) == ("invalid_input", 1)
    assert not any(line.startswith("call") for line in odd.lines)


async def test_a_server_that_dies_is_started_again_and_a_safe_call_is_repeated(runs: Runs, odd: Odd) -> None:
    state = await run(runs, node("die_once"))
    assert (state.status, state.nodes["n"].attempt) == ("succeeded", 2)
    assert sum(line.startswith("start") for line in odd.lines) == 2


async def test_a_call_that_may_have_been_carried_out_is_not_repeated_by_default(runs: Runs, odd: Odd) -> None:
    state = await failed(runs, node("die"))
    assert (code(state), state.attempt) == ("mcp_call_lost", 1)
    assert odd.lines.count("call die") == 1
    assert state.error is not None
    assert "exit code 3" in state.error.message


async def test_the_node_decides_of_repeated_calls_where_it_says_retries(runs: Runs, odd: Odd) -> None:
    state = await failed(runs, node("die", retries=1))
    assert (code(state), state.attempt) == ("mcp_call_lost", 2)
    assert odd.lines.count("call die") == 2


async def test_a_server_that_is_away_is_tried_again_and_named(runs: Runs) -> None:
    state = await failed(runs, node("search", server="away"))
    assert (code(state), state.attempt) == ("mcp_server_unavailable", 3)
    assert state.error is not None
    assert "MCP server away" in state.error.message
    assert "no-such-command-of-an-mcp-server is not found" in state.error.message


async def test_a_server_that_nobody_configured_is_a_failure_at_once(runs: Runs) -> None:
    state = await failed(runs, node("search", server="github"))
    assert (code(state), state.attempt) == ("mcp_server_unknown", 1)


async def test_a_tool_that_changes_while_a_run_goes_on_fails_the_node_that_meets_it(runs: Runs, odd: Odd) -> None:
    first, change = node("echo", "first", input={"text": "a"}), node("change", "change")
    edges = [{"from": "first", "to": "change"}, {"from": "change", "to": "n"}]
    state = await run(runs, first, change, node("echo", input={"text": "b"}), edges=edges)
    assert (state.nodes["change"].status, code(state.nodes["n"])) == ("succeeded", "mcp_tools_changed")
    assert odd.lines.count("call echo") == 1
    assert (await run(runs, node("echo", input={"text": "c"}))).status == "succeeded"  # a new run takes it as it is


async def test_a_cancelled_call_is_cancelled_at_the_server(runs: Runs, odd: Odd) -> None:
    handle = await runs.start({"name": "mcp", "nodes": [node("hang")]})
    await odd.wrote("call hang")
    await handle.cancel()
    assert (await ended(handle)).nodes["n"].status == "cancelled"
    await odd.wrote("cancelled")


async def test_a_call_that_is_never_answered_ends_with_its_timeout(runs: Runs, odd: Odd) -> None:
    state = await failed(runs, node("hang", timeout_sec=0.5, retries=0))
    assert code(state) == "timeout"
    await odd.wrote("cancelled")


async def test_a_large_result_becomes_artifacts_and_the_output_has_the_head(runs: Runs) -> None:
    output = (await outputs(runs, node("big")))["n"]
    assert output["cut"] is True
    assert output["text"] == ("0123456789" * 2000)[: 16 * 1024]
    assert output["structured"] is None
    assert [(item["of"], item["media_type"]) for item in output["artifacts"]] == [
        ("text", "text/plain"),
        ("structured", "application/json"),
    ]
    assert output["artifacts"][0]["bytes"] == 200_000


async def test_a_message_beyond_all_bounds_ends_the_server_and_not_the_worker(runs: Runs) -> None:
    state = await failed(runs, node("huge", retries=0))
    assert code(state) == "mcp_call_lost"
    assert state.error is not None
    assert "a message of more than 8388608 bytes" in state.error.message
    assert (await run(runs, node("echo", input={"text": "a"}))).status == "succeeded"


async def test_a_result_that_misfits_the_tools_own_schema_is_a_failure(runs: Runs) -> None:
    assert code(await failed(runs, node("wrong"))) == "mcp_result_invalid"
    assert code(await failed(runs, node("no_result"))) == "mcp_result_invalid"


@pytest.mark.parametrize(
    ("mode", "told"),
    [("endless", "more than 100 pages"), ("many", "more than 2000 tools"), ("large", "bytes"), ("nonsense", "faults")],
)
async def test_a_list_beyond_its_bounds_is_a_failure_that_says_so(runs: Runs, odd: Odd, mode: str, told: str) -> None:
    odd.switch("mode", mode)
    state = await failed(runs, node("echo", input={"text": "a"}))
    assert (code(state), state.attempt) == ("mcp_list_invalid", 1)
    assert state.error is not None
    assert told in state.error.message


async def test_a_server_that_never_lists_its_tools_ends_with_the_timeout_of_the_node(runs: Runs, odd: Odd) -> None:
    odd.switch("mode", "silent")
    assert code(await failed(runs, node("echo", input={"text": "a"}, timeout_sec=0.5, retries=0))) == "timeout"


async def test_calls_and_the_list_of_tools_come_into_the_next_history(
    short_histories: WorkflowEnvironment, tmp_path: Path, odd: Odd
) -> None:
    """The tool that changed meanwhile is noticed, as the list is that of the first history."""
    graph = beside_many(node("wait", "long"))
    graph["nodes"] += [node("change", "change"), node("echo", input={"text": "b"}, optional=True)]
    graph["edges"] += [{"from": "long", "to": "change"}, {"from": "change", "to": "n"}]
    async for runs in serve(short_histories.client, tmp_path / "data", mcp_config=odd.config):
        handle = await runs.start(graph)
        await short_ones_end(handle)
        assert await histories(runs, handle) > 2
        odd.switch("open")
        state = await ended(handle)
    assert state.status == "succeeded"
    assert code(state.nodes["n"]) == "mcp_tools_changed"
    assert odd.lines.count("call wait") == 1


async def test_a_stubborn_server_ends_with_its_worker_even_if_that_is_killed(
    runs: Runs, odd: Odd, temporal_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd.switch("stubborn")
    monkeypatch.setenv("WAND_MCP_CONFIG", str(odd.config))
    queue = f"{runs.task_queue}.other"
    address = temporal_client.service_client.config.target_host
    async with worker_process(address, queue, tmp_path) as worker:
        call = node("hang_unsafe", queue=queue, heartbeat_sec=1)
        handle = await runs.start({"name": "mcp", "nodes": [call], "options": QUICK})
        await odd.wrote("call hang_unsafe")
        pid = int(odd.lines[0].removeprefix("start "))
        assert psutil.pid_exists(pid)
        worker.kill()
        await odd.wrote("stays")  # it has seen the end of its input, and does not care
        await until_gone(pid)
    lost = (await ended(handle)).nodes["n"]
    assert (code(lost), lost.attempt) == ("mcp_call_lost", 1)
    assert lost.error is not None
    assert "whether it was carried out is not known" in lost.error.message


async def test_no_key_stands_anywhere(runs: Runs, odd: Odd, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    handle = await runs.start(
        {"name": "mcp", "nodes": [node("env", "e"), node("leak", retries=0, optional=True)], "options": QUICK}
    )
    state = await ended(handle)
    assert (await handle.result()).outputs["e"]["structured"] == {"key": "***"}
    assert state.nodes["n"].error is not None
    assert state.nodes["n"].error.message == "mcp.odd.leak reports a failure: refused for ***"
    history = (await handle.fetch_history()).to_json()
    logged = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert "the key is ***" in logged
    assert "sends what is no message of MCP (ValidationError)" in logged
    for text in (history, logged, repr(await runs.archived(handle)), state.model_dump_json()):
        assert KEY not in text
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path not in (odd.config, odd.diary)]
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
