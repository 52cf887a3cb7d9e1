"""Records histories of telling runs, on a real server, for the test that replays them: `make histories`.

Each release goes on with the runs of the release before it, so once there is a release, its files stay as they are:
what the workflow does differently is behind `workflow.patched`, and recorded under a name of its own.
"""

import asyncio
import gzip
import logging
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from sample_agents import Diary
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from tests.integration.graph_cases import FAST_RETRY, echo, edge, emit, fail, flaky, gate, graph, sleep
from tests.integration.graph_runs import Handle, Runs, ended, serve, state_when
from tests.integration.scripted_llm import Script, calls, scripted_registry
from tests.waiting import eventually
from wand_orchestrator.cli.processes.dev_server import embedded_temporal
from wand_orchestrator.contract.state import RunState

FOLDER = Path(__file__).parent
SUGGEST_NEW_HISTORY = "limit.historyCount.suggestContinueAsNew=60"

Recorder = Callable[[Runs, Path], Awaitable[Handle]]


async def _branches(runs: Runs, folder: Path) -> Handle:
    """Conditions both ways, joins, retries, an optional failure, local nodes."""
    nodes = [
        emit("a", {"n": 5}, execution="local"),
        echo("low"),
        echo("high", execution="local"),
        flaky("again", 2, retry=FAST_RETRY),
        fail("may", optional=True),
        echo("end", join="any"),
    ]
    edges = [
        edge("a", "low", when="n < `3`"),
        edge("a", "high", when="n > `3`", n="n"),
        edge("a", "again"),
        edge("a", "may"),
        *(edge(source, "end", **{source: "@"}) for source in ("low", "high", "again", "may")),
    ]
    return await runs.start(graph(nodes, edges))


async def _races(runs: Runs, folder: Path) -> Handle:
    """A failure that an edge handles where others hold the run; the run's input as a source, `otherwise`; an agent that
    came into a later history, an approval and a child run, all of which lose."""
    slow = graph([sleep("s", 600)]) | {"name": "slow"}
    nodes = [
        flaky("bad", 9, retries=1, retry=FAST_RETRY),
        echo("alert", execution="local"),
        fail("never"),
        gate("quick", folder / "open"),
        sleep("late", 600),
        {"id": "ask", "type": "flow.approval", "params": {"prompt": "?"}},
        {"id": "sub", "type": "flow.graph", "params": {"graph": "slow"}},
        echo("won", join="first"),
        *(emit(f"n{number}", number) for number in range(30)),
    ]
    edges = [
        edge("$input", "bad", when="go"),
        edge("$input", "never", when="otherwise"),
        edge("bad", "alert", on="failure", code="error.code"),
        edge("bad", "n0", on="settled"),
        *(edge(f"n{number}", f"n{number + 1}") for number in range(29)),
        *(edge(source, "won") for source in ("quick", "late", "ask", "sub")),
    ]
    options = {"on_failure": "pause"}
    handle = await runs.start(graph(nodes, edges, options=options), {"go": True}, subgraphs={"slow": slow})
    await state_when(handle, lambda state: _is(state, "n29", "succeeded") and _is(state, "ask", "waiting"))
    (folder / "open").touch()
    return handle


async def _steered(runs: Runs, folder: Path) -> Handle:
    """Paused and resumed; an approval answered; a failure held, retried, skipped; a node in flight skipped; a wait for
    an attempt ended."""
    hour = {"initial_interval_sec": 3600, "max_interval_sec": 3600}
    nodes = [
        gate("gate", folder / "open"),
        {"id": "ask", "type": "flow.approval", "params": {"prompt": "?", "schema": {"type": "boolean"}}},
        sleep("slow", 600),
        flaky("later", 2, retry=hour),
        echo("end", join="any"),
        fail("held"),
    ]
    edges = [edge("gate", "end"), edge("ask", "end", ok="@"), edge("slow", "end"), edge("end", "held")]
    handle = await runs.start(graph(nodes, edges, options={"on_failure": "pause"}))
    await state_when(handle, lambda state: _is(state, "later", "retrying") and _is(state, "ask", "waiting"))
    await handle.signal("pause")
    (folder / "open").touch()
    await state_when(handle, lambda state: _is(state, "gate", "succeeded"))
    await handle.signal("resume")
    await handle.execute_update("respond", {"node": "ask", "answer": True, "by": "Ada"})
    await handle.execute_update("skip", "slow")
    await handle.execute_update("retry", "later")
    held = await state_when(handle, lambda state: state.status == "paused")
    await handle.execute_update("retry", "held")
    await state_when(handle, lambda state: state.status == "paused" and state.last_seq > held.last_seq)
    await handle.execute_update("skip", "held")
    return handle


async def _cancelled(runs: Runs, folder: Path) -> Handle:
    nodes = [
        {"id": "slow", "type": "test.sleep", "params": {"sec": 600, "folder": str(folder)}},
        {"id": "wait", "type": "flow.wait", "params": {"seconds": 600}},
        {"id": "sub", "type": "flow.graph", "params": {"graph": "slow"}},
        {"id": "each", "type": "flow.map", "params": {"agent": "test.sleep", "params": {"sec": 600}}},
        emit("items", [1, 2]),
    ]
    part = graph([sleep("s", 600)]) | {"name": "slow"}
    handle = await runs.start(graph(nodes, [edge("items", "each", items="@")]), subgraphs={"slow": part})
    await eventually(lambda: Diary(folder).count("start") == 1)
    await state_when(handle, lambda state: "each" in state.nodes)
    await handle.cancel()
    return handle


async def _timed_out(runs: Runs, folder: Path) -> Handle:
    return await runs.start(graph([sleep("slow", 600)], options={"run_timeout_sec": 1}))


async def _control(runs: Runs, folder: Path) -> Handle:
    """Every control node, each with an agent and with a graph where it takes both."""
    count = graph([emit("up", {"n": 2})]) | {"name": "count"}
    ask = {"prompt": "?", "timeout_sec": 0.01, "on_timeout": {"answer": 1}}
    nodes = [
        {"id": "ask", "type": "flow.approval", "params": ask},
        {"id": "wait", "type": "flow.wait", "params": {"seconds": 0.01}},
        emit("items", [{"number": 1}, {"number": "none"}, 3]),
        {"id": "agents", "type": "flow.map", "params": {"agent": "test.typed", "tolerate": 2}, "retries": 0},
        {"id": "graphs", "type": "flow.map", "params": {"graph": "count", "concurrency": 2}},
        {"id": "sub", "type": "flow.graph", "params": {"graph": "count"}},
        {"id": "rounds", "type": "flow.repeat", "params": {"agent": "test.echo", "until": "no", "max_times": 2}},
        {"id": "graph_rounds", "type": "flow.repeat", "params": {"graph": "count", "until": "up.n", "max_times": 2}},
    ]
    edges = [
        edge("ask", "wait"),
        edge("wait", "items"),
        edge("items", "agents", items="@"),
        edge("items", "graphs", items="@"),
        edge("graphs", "sub"),
        edge("sub", "rounds"),
        edge("rounds", "graph_rounds"),
    ]
    return await runs.start(graph(nodes, edges), subgraphs={"count": count})


async def _long(runs: Runs, folder: Path) -> Handle:
    """Goes on in new histories, in the middle of a map."""
    params = {"agent": "test.echo", "concurrency": 7}
    nodes = [emit("items", list(range(40))), {"id": "each", "type": "flow.map", "params": params}, sleep("last", 0)]
    asks = {"prompt": "?", "timeout_sec": 1, "on_timeout": {"answer": 1}}
    nodes.append({"id": "ask", "type": "flow.approval", "params": asks})
    return await runs.start(graph(nodes, [edge("items", "each", items="@"), edge("each", "last")]))


async def _crossing(runs: Runs, folder: Path) -> Handle:
    """An agent, a child run and the items of a map go on while the run goes on in new histories."""
    open = str(folder / "open")
    each = {"agent": "test.gate", "concurrency": 2, "params": {"open": open, "value": 2}}
    nodes = [
        gate("long", open),
        {"id": "sub", "type": "flow.graph", "params": {"graph": "slow"}},
        emit("items", [1, 2, 3]),
        {"id": "each", "type": "flow.map", "params": each},
        *(emit(f"n{i}", i) for i in range(20)),
    ]
    edges = [edge("items", "each", items="@"), *(edge(f"n{i}", f"n{i + 1}") for i in range(19))]
    handle = await runs.start(graph(nodes, edges), subgraphs={"slow": graph([gate("s", open)]) | {"name": "slow"}})
    await state_when(handle, lambda state: _is(state, "n19", "succeeded"))
    (folder / "open").touch()
    return handle


async def _retried(runs: Runs, folder: Path) -> Handle:
    closed = {"id": "b", "type": "test.gated", "params": {"open": str(folder / "open")}, "retries": 0}
    document = graph([emit("a", 1), closed], [edge("a", "b", x="@")])
    first = await runs.start(document)
    await ended(first)
    (folder / "open").touch()
    return await runs.start(document, retry_of={"run_id": first.id})


async def _watched(runs: Runs, folder: Path) -> Handle:
    """A query came while the result of a local node was on its way to the workflow: the SDK ended the workflow task
    between the two (docs/decisions/patches.md)."""
    part = graph([emit("p", execution="local")]) | {"name": "part"}
    nodes = [emit("a", execution="local"), {"id": "sub", "type": "flow.graph", "params": {"graph": "part"}}]
    while True:
        handle = await runs.start(graph(nodes, [edge("a", "sub")]), subgraphs={"part": part})
        await state_when(handle, lambda state: state.status == "succeeded")
        await handle.result()
        if _ends_a_task_early(await handle.fetch_history()):
            return handle


def _ends_a_task_early(history: WorkflowHistory) -> bool:
    """Whether a local activity's result is the last thing that a workflow task records, and another follows at once."""
    types = [event.event_type for event in history.events]
    early = [EventType.EVENT_TYPE_MARKER_RECORDED, EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED]
    return any(types[index : index + 2] == early for index in range(len(types)))


async def _asked(runs: Runs, folder: Path) -> Handle:
    """A person's answer, and conversations in the run and in a child run, under a budget that pauses the run."""
    used = {"usage": {"requests": 1, "input_tokens": 900, "output_tokens": 100}}
    script = Script(folder / "script", calls(("test_double", {"number": 2}), **used), {"text": "done", **used})
    script.known(max_output_tokens=100)
    llm = {"id": "write", "type": "agent.llm", "params": {"model": script.model, "tools": ["test.double"]}}
    nodes = [
        {"id": "ask", "type": "flow.approval", "params": {"prompt": "?"}},
        llm,
        {"id": "sub", "type": "flow.graph", "params": {"graph": "inner"}},
    ]
    options = {"max_retries": 0, "budget": {"tokens": 2_500, "on_exceeded": "pause"}}
    document = graph(nodes, [edge("ask", "write"), edge("write", "sub")], options=options)
    handle = await runs.start(document, {"topic": "x"}, subgraphs={"inner": graph([llm]) | {"name": "inner"}})
    await state_when(handle, lambda state: _is(state, "ask", "waiting"))
    await handle.execute_update("respond", {"node": "ask", "answer": 1})
    await state_when(handle, lambda state: state.exceeded is not None)
    await handle.execute_update("budget", {"budget": {"tokens": 50_000}})
    await handle.signal("resume")
    return handle


async def _talk(runs: Runs, folder: Path) -> Handle:
    """Conversations, also as items of a map: calls of tools, agents and graphs, an approval, a refusal, a skip and
    an answer that does not fit, while the run goes on in new histories."""
    open = str(folder / "open")
    slow = calls(("test_gate", {"open": open, "value": 7}), ("part", {"x": 1}), ("nothing", {}))
    double = ("test_double", {"number": 4})
    sleeps = ("test_sleep", {"sec": 600})
    scripts = [
        Script(folder / "ask", calls(double, double, sleeps), {"output": {}}, {"output": {"n": 1}}),
        Script(folder / "each", slow, {"text": "done"}),
    ]
    tools: list[Any] = [{"tool": "test.double", "approve": True}, {"agent": "test.sleep"}, {"agent": "test.gate"}]
    ask, each = ({"model": script.model, "tools": [*tools, {"graph": "part"}]} for script in scripts)
    nodes = [
        {"id": "ask", "type": "agent.llm", "params": ask | {"output": {"required": ["n"]}}},
        {"id": "each", "type": "flow.map", "params": {"agent": "agent.llm", "params": each, "items": [1, 2]}},
        *(emit(f"n{i}", i) for i in range(20)),
    ]
    part = graph([gate("g", open)]) | {"name": "part"}
    edges = [edge(f"n{i}", f"n{i + 1}") for i in range(19)]
    handle = await runs.start(graph(nodes, edges), subgraphs={"part": part})
    await state_when(handle, lambda state: _is(state, "n19", "succeeded") and len(state.questions) == 2)
    (folder / "open").touch()
    await handle.execute_update("skip", "ask[0].test_sleep")
    for part_id, approved in (("ask[0].test_double", True), ("ask[0].test_double[1]", False)):
        await handle.execute_update("respond", {"node": part_id, "answer": {"approved": approved}})
    return handle


RECORDERS: dict[str, Recorder] = {
    "asked": _asked,
    "branches": _branches,
    "races": _races,
    "steered": _steered,
    "cancelled": _cancelled,
    "timed-out": _timed_out,
    "control": _control,
    "long": _long,
    "crossing": _crossing,
    "retried": _retried,
    "watched": _watched,
    "talk": _talk,
}


async def record(folder: Path, names: Sequence[str] = tuple(RECORDERS)) -> None:
    """Write `<name>.<number>.json.gz` for each execution of each of these runs."""
    extra_args = ("--dynamic-config-value", SUGGEST_NEW_HISTORY)
    with tempfile.TemporaryDirectory() as data:
        async with embedded_temporal(ui=False, extra_args=extra_args) as environment:
            async for runs in serve(environment.client, Path(data), scripted_registry()):
                for name in names:
                    run_folder = Path(data) / f"diary-{name}"
                    run_folder.mkdir()
                    handle = await RECORDERS[name](runs, run_folder)
                    await ended(handle)
                    await _write_run(runs, handle.id, folder, name)


async def _write_run(runs: Runs, run_id: str, folder: Path, name: str) -> None:
    """All its executions, and those of its first child run."""
    histories = [history async for history in _executions(runs, run_id)][::-1]
    for number, history in enumerate(histories, start=1):
        _write(folder / f"{name}.{number}.json.gz", history)
    children = [
        event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id
        for history in histories
        for event in history.events
        if event.HasField("child_workflow_execution_started_event_attributes")
    ]
    if children:
        await _write_run(runs, children[0], folder, f"{name}-child")


async def _executions(runs: Runs, run_id: str) -> AsyncIterator[WorkflowHistory]:
    """The last one first."""
    execution: str | None = None
    while execution != "":
        history = await runs.client.get_workflow_handle(run_id, run_id=execution).fetch_history()
        yield history
        execution = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id


def _write(path: Path, history: WorkflowHistory) -> None:
    for event in history.events:
        _anonymise(event, socket.gethostname())
    # Without a moment in it, the same history makes the same file.
    path.write_bytes(gzip.compress(history.to_json().encode(), mtime=0))


def _anonymise(message: Message, host: str) -> None:
    """Histories tell which machine ran them, and where it keeps its files; nobody needs to know."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for part in _parts(field, value):
                _anonymise(part, host)
        elif field.name == "stack_trace":
            message.ClearField(field.name)
        elif field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated:
            setattr(message, field.name, value.replace(host, "host"))
        elif field.type == FieldDescriptor.TYPE_BYTES and not field.is_repeated:
            setattr(message, field.name, value.replace(host.encode(), b"host"))


def _parts(field: FieldDescriptor, value: Any) -> list[Message]:
    if not field.is_repeated:
        return [value]
    parts = list(value.values()) if hasattr(value, "values") else list(value)
    return [part for part in parts if isinstance(part, Message)]


def _is(state: RunState, node: str, status: str) -> bool:
    return node in state.nodes and state.nodes[node].status == status


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # nodes that fail on purpose
    wanted = sys.argv[1:] or [*RECORDERS]
    for old in FOLDER.glob("*.json.gz"):
        if old.name.split(".")[0].removesuffix("-child") in wanted:
            old.unlink()
    asyncio.run(record(FOLDER, wanted))
