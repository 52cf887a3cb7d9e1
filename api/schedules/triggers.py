"""Triggers schedules: each trigger starts a run of its own, or is refused.

Temporal names the run of a trigger by the second in which it came, so the later of two in one second would have the id
of the other's run, and would not begin. And when two triggers reach it in one step, it heeds the last alone. So here a
trigger is given a second that no run has, and the next trigger waits until Temporal shows what became of it.
"""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.schedule.v1 import SchedulePatch, TriggerImmediatelyRequest
from temporalio.api.workflowservice.v1 import ListScheduleMatchingTimesRequest, PatchScheduleRequest
from temporalio.client import (
    Client,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
    ScheduleOverlapPolicy,
)

from wand_orchestrator.api.schedules.errors import meaning
from wand_orchestrator.api.schedules.models import Overlap
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.call import deadline, translated
from wand_orchestrator.errors import Conflict, Unavailable
from wand_orchestrator.storage import Store

SCHEDULE_CALL_SEC = 1.2
TRIGGER_LOOK_SEC = 0.05
AGAIN_SEC = 0.5
"""After so long without a sign of it, the trigger is sent again: another process sent one in the same step."""

BACK = timedelta(seconds=60)
"""A run is named by a second so long ago, at most, as long as one is free."""

FAR_BACK_SEC = 1_000_000
"""Before the schedule was made there are no moments of it. Used where all seconds are."""

Describe = Callable[[str, CallBudget], Awaitable[ScheduleDescription]]


class Triggers:
    def __init__(self, client: Client, store: Store, describe: Describe) -> None:
        self._client = client
        self._store = store
        self._describe = describe
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def trigger(self, schedule_id: str, overlap: Overlap | None) -> str:
        """Trigger a run and return its id. Raises NotFound, Unavailable; Conflict if `overlap` leaves no room for it
        now.
        """
        budget = CallBudget()
        async with self._turn(schedule_id, budget):
            before = await self._describe(schedule_id, budget)
            run_id, moment = await self._reserve(before, budget)
            while True:
                await self._send(schedule_id, moment, overlap, budget)
                if (after := await self._told(before, budget)) is not None:
                    return _run_of(run_id, before, after)
                if budget.left() < AGAIN_SEC:
                    raise _unknown(run_id)

    @asynccontextmanager
    async def _turn(self, schedule_id: str, budget: CallBudget) -> AsyncIterator[None]:
        turn = self._turns.setdefault(schedule_id, asyncio.Lock())
        try:
            await asyncio.wait_for(turn.acquire(), budget.left(budget.seconds))
        except TimeoutError as error:
            raise Unavailable("temporal", "other triggers of the schedule come first") from error
        try:
            yield
        finally:
            turn.release()

    async def _reserve(self, schedule: ScheduleDescription, budget: CallBudget) -> tuple[str, datetime]:
        """Reserve a run id that was never used, with the moment from which Temporal derives it."""
        action = schedule.schedule.action
        assert isinstance(action, ScheduleActionStartWorkflow)
        free = await self._free(schedule, budget)
        moments = {f"{action.id}-{moment:%Y-%m-%dT%H:%M:%SZ}": moment for moment in free}
        known = {getattr(result.action, "workflow_id", "") for result in schedule.info.recent_actions}
        known |= {getattr(running, "workflow_id", "") for running in schedule.info.running_actions}
        run_id = await self._store.triggers.reserve([run_id for run_id in moments if run_id not in known])
        if run_id is None:
            raise Unavailable("temporal", "there is no free moment for another run of the schedule")
        return run_id, moments[run_id]

    async def _free(self, schedule: ScheduleDescription, budget: CallBudget) -> Sequence[datetime]:
        """Yield seconds that are no moments of the schedule, the best ones first."""
        now = datetime.now(UTC).replace(microsecond=0)
        taken = await self._moments(schedule.id, now - BACK, now + timedelta(seconds=1), budget)
        recent = [now - timedelta(seconds=ago) for ago in range(int(BACK.total_seconds()))]
        made = min(now, schedule.info.created_at.replace(microsecond=0))
        before = [made - timedelta(seconds=ago) for ago in random.sample(range(1, FAR_BACK_SEC), 20)]
        return [*(moment for moment in recent if moment not in taken), *before]

    async def _moments(self, schedule_id: str, start: datetime, end: datetime, budget: CallBudget) -> set[datetime]:
        request = ListScheduleMatchingTimesRequest(
            namespace=self._client.namespace,
            schedule_id=schedule_id,
            start_time=_timestamp(start - timedelta(seconds=1)),
            end_time=_timestamp(end),
        )
        seconds = budget.left(SCHEDULE_CALL_SEC)
        async with deadline(seconds), translated(meaning):
            answer = await self._client.workflow_service.list_schedule_matching_times(
                request, timeout=timedelta(seconds=seconds)
            )
        return {moment.ToDatetime(UTC).replace(microsecond=0) for moment in answer.start_time}

    async def _send(self, schedule_id: str, moment: datetime, overlap: Overlap | None, budget: CallBudget) -> None:
        """Send the trigger by the raw API, as the SDK's trigger cannot name a moment."""
        policy = ScheduleOverlapPolicy[overlap.upper()] if overlap else 0
        trigger = TriggerImmediatelyRequest(scheduled_time=_timestamp(moment))
        trigger.overlap_policy = policy  # type: ignore[assignment]
        request = PatchScheduleRequest(
            namespace=self._client.namespace,
            schedule_id=schedule_id,
            patch=SchedulePatch(trigger_immediately=trigger),
            identity=self._client.identity,
            request_id=str(uuid.uuid4()),
        )
        seconds = budget.left(SCHEDULE_CALL_SEC)
        async with deadline(seconds), translated(meaning):
            await self._client.workflow_service.patch_schedule(request, timeout=timedelta(seconds=seconds))

    async def _told(self, before: ScheduleDescription, budget: CallBudget) -> ScheduleDescription | None:
        """Return the schedule once it has processed the trigger; None if it has not in due time."""
        for _ in range(int(AGAIN_SEC / TRIGGER_LOOK_SEC)):
            after = await self._describe(before.id, budget)
            if _taken_up(after) > _taken_up(before):
                return after
            await asyncio.sleep(TRIGGER_LOOK_SEC)
        return None


def _run_of(run_id: str, before: ScheduleDescription, after: ScheduleDescription) -> str:
    started = {getattr(result.action, "workflow_id", "") for result in after.info.recent_actions}
    if run_id not in started and _left_out(after) > _left_out(before):
        raise Conflict(
            "a run of the schedule still goes on, and `overlap` leaves no room for another one",
            code="trigger_skipped",
        )
    return run_id


def _left_out(schedule: ScheduleDescription) -> int:
    info = schedule.raw_description.info
    return info.overlap_skipped + info.buffer_dropped


def _taken_up(schedule: ScheduleDescription) -> int:
    """Return the moments that the schedule has started, buffered or skipped."""
    info = schedule.raw_description.info
    return info.action_count + info.buffer_size + _left_out(schedule)


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def _unknown(run_id: str) -> Unavailable:
    return Unavailable("temporal", f"Temporal does not tell what became of the trigger: see whether there is {run_id}")
