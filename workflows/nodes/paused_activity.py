"""Starts a node's activity paused, as it was in the previous history."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.workflow import ActivityConfig

from wand_orchestrator.contract.names import ACTIVITY_KEEP_PAUSED, own_activity_id, worker_queue
from wand_orchestrator.contract.node import AgentCall
from wand_orchestrator.contract.steering import PausedNode
from wand_orchestrator.graph import Node
from wand_orchestrator.temporal.visibility import summary

RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10))


def start_paused(
    node: Node, call: AgentCall, config: ActivityConfig
) -> "tuple[asyncio.Future[Any], asyncio.Future[Any]]":
    """Return the node's activity, and the activity that pauses it and then moves it to its task queue."""
    id = workflow.uuid4().hex
    queue = config.get("task_queue") or workflow.info().task_queue
    aside = worker_queue(queue, id)  # of no worker; what is given to it is kept as for those of `queue`
    config["task_queue"] = aside
    activity = workflow.start_activity(node.type, call, result_type=RawValue, **config)
    keeping = workflow.start_activity(
        ACTIVITY_KEEP_PAUSED,
        PausedNode(run_id=workflow.info().workflow_id, node=node.id, aside=aside, queue=queue),
        activity_id=own_activity_id(f"paused-{id}"),
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RETRY,
        summary=summary(f"{node.id} stays paused"),
    )
    return activity, keeping
