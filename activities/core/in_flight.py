"""Reports to a run what the server knows of its nodes in flight: which of them run, and where they can be continued."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

from temporalio import activity
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client
from temporalio.converter import DataConverter

from wand_orchestrator.contract.names import (
    ACTIVITY_IN_FLIGHT,
    WORKER_QUEUE_PREFIX,
    is_own_activity,
)
from wand_orchestrator.contract.node import (
    InFlight,
)

_WITH_AN_AGENT = (
    PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
    PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
)
"""One that an operator has just paused will have ended in a moment."""

_WAITING = (
    PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED,
    PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
)

LOOKS = 4
PAUSE_SEC = 0.1
"""Between two looks: an agent that has just begun tells its worker with its first heartbeat, if it has not ended."""

LONGEST_DETAILS = 1000
"""Bytes; a worker in another language may say anything in its heartbeats, and at any length."""

logger = logging.getLogger(__name__)


def in_flight_activity(client: Client) -> Callable[[str], Awaitable[dict[str, InFlight]]]:
    """Return the activity `wand.in_flight`; it looks again at attempts that have just begun."""

    @activity.defn(name=ACTIVITY_IN_FLIGHT)
    async def in_flight(run_id: str) -> dict[str, InFlight]:
        found = await _look(client, run_id)
        for _ in range(LOOKS - 1):
            if all(node.queue is not None or not node.running for node in found.values()):
                break
            await asyncio.sleep(PAUSE_SEC)
            found = await _look(client, run_id)
        return found

    return in_flight


async def _look(client: Client, run_id: str) -> dict[str, InFlight]:
    described = await client.get_workflow_handle(run_id).describe()
    return {
        pending.activity_id: await _read(pending, client.data_converter)
        for pending in described.raw_description.pending_activities
        if not is_own_activity(pending.activity_id)
    }


async def _read(pending: PendingActivityInfo, converter: DataConverter) -> InFlight:
    running = pending.state not in _WAITING
    later = not running and pending.HasField("next_attempt_schedule_time")
    return InFlight(
        attempt=pending.attempt,
        running=running,
        paused=pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
        queue=await _queue(pending, converter) if pending.state in _WITH_AN_AGENT else None,
        next_attempt_at=pending.next_attempt_schedule_time.ToDatetime(UTC) if later else None,
    )


async def _queue(pending: PendingActivityInfo, converter: DataConverter) -> str | None:
    """Return the queue that a heartbeat of this attempt named; until its first one, the server shows those of the
    attempt before.
    """
    said = pending.heartbeat_details.payloads[:2]  # behind them stands what the agent has emitted
    if len(said) != 2 or sum(payload.ByteSize() for payload in said) > LONGEST_DETAILS:
        return None
    try:
        queue, attempt = await converter.decode(said, [str, int])
    except Exception:  # another worker may say what it likes, in any encoding
        logger.debug("The heartbeat of %s is not one of Wand's", pending.activity_id, exc_info=True)
        return None
    return queue if attempt == pending.attempt and queue.startswith(WORKER_QUEUE_PREFIX) else None
