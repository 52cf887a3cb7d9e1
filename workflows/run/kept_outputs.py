"""Determines what a retry keeps of the run that it retries."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy

from wand_orchestrator.contract.names import (
    ACTIVITY_OUTPUTS,
    DONE_PREFIX,
    OUTPUTS_ACTIVITY_ID,
    SPENT,
)
from wand_orchestrator.contract.run_terms import RetryOf
from wand_orchestrator.contract.state import node_of
from wand_orchestrator.graph import INPUT_SOURCE, Graph
from wand_orchestrator.temporal.visibility import summary
from wand_orchestrator.workflows.arrivals.activity_results import object_of
from wand_orchestrator.workflows.patches import patched
from wand_orchestrator.workflows.scheduler import Scheduler

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))

PATCH = "retry-what-depends"


@dataclass(frozen=True)
class Kept:
    """Contains what a retry keeps. `outputs`: of the nodes that do not run again, in the order of the graph. `done`:
    what control nodes that do run again had done, such as the items of a map that succeeded. `spent`: of its budgets.
    """

    outputs: dict[str, Any]
    done: dict[str, Any]
    spent: dict[str, Any]


async def kept_of(graph: Graph, retry_of: RetryOf, run_input: Any) -> Kept:
    """Return what the run keeps. Everything that depends on a node that runs again runs again, too: an optional node
    that had failed may succeed now.
    """
    given = await workflow.execute_activity(
        ACTIVITY_OUTPUTS,
        retry_of,
        activity_id=OUTPUTS_ACTIVITY_ID,
        result_type=RawValue,
        start_to_close_timeout=timedelta(minutes=5),
        retry_policy=RETRY,
        summary=summary(f"outputs of {retry_of.run_id}"),
    )
    outputs = object_of(given)
    again = graph.reached_from(retry_of.from_nodes)
    kept = {node.id: outputs[node.id] for node in graph.nodes if node.id in outputs and node.id not in again}
    if patched(PATCH):
        unsettled = Scheduler(graph).left_by(kept, run_input)
        depends = graph.reached_from(unsettled)
        kept = {node: output for node, output in kept.items() if node not in depends}
    # What comes before may give another output if it runs again, and so other items.
    other_input = {edge.target for edge in graph.edges if edge.source not in kept and edge.source != INPUT_SOURCE}
    goes_on = [node.id for node in graph.nodes if node.id not in kept.keys() | again | other_input]
    return Kept(kept, _done(outputs, goes_on), outputs.get(DONE_PREFIX + SPENT, {}))


def _done(outputs: Mapping[str, Any], nodes: Collection[str]) -> dict[str, Any]:
    """Return what these nodes, and parts of them, had done."""
    done = {key.removeprefix(DONE_PREFIX): what for key, what in outputs.items() if key.startswith(DONE_PREFIX)}
    return {name: what for name, what in done.items() if node_of(name) in nodes}
