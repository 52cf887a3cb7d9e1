"""One run with every control node, on a server that skips the hours in which nothing happens."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import temporalio.api.operatorservice.v1 as operator
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import echo, edge, emit, graph
from tests.integration.graph_runs import Runs, ended, serve, state_when
from tests.integration.service import Json
from wand_orchestrator.cli.processes.dev_server import binary
from wand_orchestrator.contract.search_attributes import (
    SEARCH_ATTRIBUTES,
)
from wand_orchestrator.temporal.connection import DATA_CONVERTER

ITEMS = 1000


def every_control_node() -> Json:
    """In a row: an approval, an hour, a map, a child graph, a repeat."""
    nodes = [
        {"id": "ask", "type": "flow.approval", "params": {"schema": {"type": "integer"}}},
        {"id": "hour", "type": "flow.wait", "params": {"seconds": 3600}},
        emit("items", list(range(ITEMS))),
        {"id": "each", "type": "flow.map", "params": {"agent": "test.echo", "concurrency": 50}},
        {"id": "sub", "type": "flow.graph", "params": {"graph": "part"}},
        {"id": "rounds", "type": "flow.repeat", "params": {"graph": "part", "until": "`false`", "max_times": 3}},
    ]
    edges = [
        edge("ask", "hour"),
        edge("hour", "items"),
        edge("items", "each", items="@"),
        edge("each", "sub"),
        edge("sub", "rounds"),
    ]
    return graph(nodes, edges, sinks=["each", "rounds"])


@pytest.fixture
async def skipping(tmp_path: Path) -> AsyncIterator[Runs]:
    temporal = binary()
    assert temporal is not None
    program = Path(temporal).with_name("temporal-test-server")
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(program), data_converter=DATA_CONVERTER
    )
    async with environment:
        known = {key.name: int(key.indexed_value_type) for key in SEARCH_ATTRIBUTES}
        await environment.client.operator_service.add_search_attributes(
            operator.AddSearchAttributesRequest(namespace="default", search_attributes=known)  # type: ignore[arg-type]
        )
        async for runs in serve(environment.client, tmp_path):
            yield runs


async def test_a_run_with_every_control_node_comes_to_its_end(skipping: Runs) -> None:
    part = graph([echo("a")]) | {"name": "part"}
    handle = await skipping.start(every_control_node(), subgraphs={"part": part})
    await state_when(handle, lambda state: "ask" in state.nodes and state.nodes["ask"].status == "waiting")

    await handle.execute_update("respond", {"node": "ask", "answer": 5})
    result = await handle.result()

    outputs = result.outputs["each"]["outputs"]
    assert [output["input"]["item"] for output in outputs] == list(range(ITEMS))
    assert result.outputs["rounds"]["times"] == 3
    state = await ended(handle)
    assert state.started_at is not None
    assert state.finished_at is not None
    assert state.finished_at - state.started_at > timedelta(hours=1)
    events = await skipping.archived(handle)
    assert sum(event.type == "node.succeeded" for event in events if (event.node or "").startswith("each[")) == ITEMS
