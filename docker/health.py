"""Health of a container, by exit status: `health.py api`, or `health.py worker [TASK_QUEUE]`.

The API is healthy when it answers. A worker listens on no port; it is healthy when Temporal has heard it poll.
"""

import asyncio
import socket
import sys
from datetime import UTC, datetime, timedelta

import httpx
import temporalio.api.enums.v1 as enums
import temporalio.api.taskqueue.v1 as taskqueue
import temporalio.api.workflowservice.v1 as workflowservice
from temporalio.client import Client

from wand_orchestrator.settings import Settings
from wand_orchestrator.temporal.connection import connect

TIMEOUT_SEC = 4.0
POLL_SILENCE = timedelta(seconds=70)
"""A worker polls anew every 60 s at the latest."""

KINDS = (enums.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, enums.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)


def require_api(settings: Settings) -> None:
    httpx.get(f"http://127.0.0.1:{settings.port}/health", timeout=TIMEOUT_SEC).raise_for_status()


async def require_worker(task_queue: str) -> None:
    async with asyncio.timeout(TIMEOUT_SEC):
        client = await connect()
        heard = [await last_poll(client, task_queue, kind) for kind in KINDS]
    if max(heard) < datetime.now(UTC) - POLL_SILENCE:
        raise TimeoutError(f"no worker of this host polls the task queue {task_queue}")


async def last_poll(client: Client, task_queue: str, kind: "enums.TaskQueueType.ValueType") -> datetime:
    """When a worker of this host last polled; a worker's identity is `host:pid`."""
    answer = await client.workflow_service.describe_task_queue(
        workflowservice.DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=taskqueue.TaskQueue(name=task_queue), task_queue_type=kind
        )
    )
    here = f"{socket.gethostname()}:"
    heard = [poller.last_access_time.ToDatetime(UTC) for poller in answer.pollers if poller.identity.startswith(here)]
    return max(heard, default=datetime.min.replace(tzinfo=UTC))


def main(what: str, *task_queue: str) -> None:
    settings = Settings()
    if what == "api":
        require_api(settings)
    else:
        asyncio.run(require_worker(*task_queue or (settings.task_queue,)))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # whatever it is, the container is not healthy, and the log of its checks says why
        sys.exit(f"{type(error).__name__}: {error}")
