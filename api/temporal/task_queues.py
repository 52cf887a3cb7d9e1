"""Finds out which task queues are polled by workers."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import temporalio.api.enums.v1 as enums
import temporalio.api.taskqueue.v1 as taskqueue
import temporalio.api.workflowservice.v1 as workflowservice
from temporalio.client import Client

from wand_orchestrator.api.temporal.call import deadline, translated
from wand_orchestrator.api.temporal.errors import meaning

POLL_SILENCE = timedelta(seconds=70)
"""A worker polls anew every 60 s at the latest; Temporal lists one that is gone for five minutes more."""


async def polled(
    client: Client, queues: Iterable[str], kind: "enums.TaskQueueType.ValueType", seconds: float
) -> set[str]:
    """Return those of `queues` that a worker polls."""
    names = list(queues)
    polled = await asyncio.gather(*(_is_polled(client, name, kind, seconds) for name in names))
    return {name for name, yes in zip(names, polled, strict=True) if yes}


async def _is_polled(client: Client, queue: str, kind: "enums.TaskQueueType.ValueType", seconds: float) -> bool:
    async with deadline(seconds), translated(meaning):
        answer = await client.workflow_service.describe_task_queue(
            workflowservice.DescribeTaskQueueRequest(
                namespace=client.namespace, task_queue=taskqueue.TaskQueue(name=queue), task_queue_type=kind
            ),
            timeout=timedelta(seconds=seconds),
        )
    oldest = datetime.now(UTC) - POLL_SILENCE
    return any(poller.last_access_time.ToDatetime(UTC) > oldest for poller in answer.pollers)
