"""What a run keeps of the run that it retries."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

from wand_orchestrator.contract import ACTIVITY_OUTPUTS, RetryOf
from wand_orchestrator.graph import Graph

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


async def kept_outputs(graph: Graph, retry_of: RetryOf) -> dict[str, Any]:
    """Outputs of the nodes that do not run again, in the order of the graph."""
    outputs: dict[str, Any] = await workflow.execute_activity(
        ACTIVITY_OUTPUTS,
        retry_of,
        activity_id="$outputs",  # no node can have this id
        start_to_close_timeout=timedelta(minutes=5),
        retry_policy=RETRY,
        summary=f"outputs of {retry_of.run_id}",
    )
    again = graph.reached_from(retry_of.from_nodes)
    return {node.id: outputs[node.id] for node in graph.nodes if node.id in outputs and node.id not in again}
