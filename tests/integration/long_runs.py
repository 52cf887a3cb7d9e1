"""Runs that go on in new histories beside something long: what the tests of that share."""

import itertools
from pathlib import Path

from temporalio.client import WorkflowExecutionStatus

from tests.integration.graph_cases import edge, emit, graph
from tests.integration.graph_runs import Handle, Runs, by_node, state_when
from tests.integration.service import Json

SHORT = 30
"""Nodes that give some 180 events: several histories."""


def diary(tmp_path: Path) -> Path:
    folder = tmp_path / "diary"
    folder.mkdir(exist_ok=True)
    return folder


def beside_many(*long: Json, edges: list[Json] | None = None, short: int = SHORT) -> Json:
    """These nodes beside a chain of short ones, whose end is the node `last`."""
    nodes = [emit(f"n{i}", i) for i in range(short)] + [emit("last")]
    ids = [node["id"] for node in nodes]
    chain = [edge(a, b) for a, b in itertools.pairwise(ids)]
    return graph([*long, *nodes], [*(edges or []), *chain])


async def short_ones_end(handle: Handle) -> None:
    await state_when(handle, lambda state: by_node(state).get("last") == "succeeded")


async def histories(runs: Runs, handle: Handle) -> int:
    """Of the run so far."""
    count, execution = 1, handle.first_execution_run_id
    while True:
        described = await runs.client.get_workflow_handle(handle.id, run_id=execution).describe()
        if described.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW:
            return count
        events = runs.client.get_workflow_handle(handle.id, run_id=execution).fetch_history_events()
        async for event in events:
            if event.HasField("workflow_execution_continued_as_new_event_attributes"):
                execution = event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        count += 1


def child(id: str, graph: str = "inner") -> Json:
    return {"id": id, "type": "flow.graph", "params": {"graph": graph}}


def inner(*nodes: Json) -> Json:
    return graph([*nodes]) | {"name": "inner"}
