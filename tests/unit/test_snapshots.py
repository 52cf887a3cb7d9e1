from datetime import UTC, datetime
from typing import Any

from wand_orchestrator import agent
from wand_orchestrator._agent import Agent
from wand_orchestrator.api.outbox.run_snapshot import Snapshots
from wand_orchestrator.api.temporal.launch import Launch
from wand_orchestrator.contract.ids import GraphId, RunId
from wand_orchestrator.contract.limits import RunLimits
from wand_orchestrator.contract.run import (
    RunInput,
)
from wand_orchestrator.contract.run_terms import RetryOf, RunTerms
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Run


@agent("a.short", local=True)
async def short() -> None:
    """Runs locally."""


AGENTS: dict[str, Agent] = {short.name: short}
GRAPH = Graph.model_validate(
    {
        "name": "für",
        "nodes": [{"id": "a", "type": "a.short"}, {"id": "b", "type": "a.far", "params": {"x": [1, None]}}],
        "edges": [{"from": "a", "to": "b"}],
    }
)
OTHER = GRAPH.model_copy(update={"name": "other"})


def a_run(**fields: Any) -> Run:
    unsaid = dict.fromkeys(("started_at", "finished_at", "error", "part_of", "result"))
    known = {
        "run_id": RunId("r"),
        "graph_id": GraphId("g"),
        "name": "n",
        "status": RunStatus.PENDING,
        "terms": RunTerms(),
        "input_json": "null",
    }
    known["input_json"] = "null"
    return Run(**{**unsaid, **known, "progress": 0, "last_seq": 0, "created_at": datetime.now(UTC), **fields})


def test_hold_the_row_and_the_graphs_with_where_their_nodes_run() -> None:
    webhook = Webhook.model_validate({"url": "https://example.com/hook"})
    terms = RunTerms(tags=("x",), webhook=webhook, retry_of=RetryOf(run_id="r1", from_nodes=("a",)))
    run = a_run(input_json='{"graph":"{"}', terms=terms)
    snapshots = Snapshots(AGENTS, RunLimits())
    texts = [snapshots.input_of(Launch(run, GRAPH, version, {"part": OTHER})) for version in (None, 1, 1)]
    assert len(set(texts)) == 1
    read = RunInput.model_validate_json(texts[0])
    assert (read.input, read.without_input) == (run.input, terms)
    assert [node.execution for node in read.graph.nodes] == ["local", None]
    assert [node.execution for node in read.subgraphs["part"].nodes] == ["local", None]
    assert (read.graph.name, read.graph.edges) == (GRAPH.name, GRAPH.edges)


def test_hold_the_graph_that_is_given_where_it_may_not_be_the_stored_one() -> None:
    snapshots = Snapshots(AGENTS, RunLimits())
    for graph, version in ((GRAPH, 1), (OTHER, None)):
        text = snapshots.input_of(Launch(a_run(), graph, version, {}))
        assert RunInput.model_validate_json(text).graph.name == graph.name
