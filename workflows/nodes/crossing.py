"""Brings agents in flight from one history of a run into the next (continue-as-new).

Before it the run asks the server what is in flight, and the workers to hold what they run; after it, it asks them again
what they hold. The attempts go on meanwhile: see `activities.runner.holding`.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import RootModel
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, RetryState, TimeoutType
from temporalio.exceptions import TimeoutError as ActivityTimeout

from wand_orchestrator.contract.codes import WORKER_LOST, WORKER_SHUTDOWN
from wand_orchestrator.contract.names import (
    ACTIVITY_HOLD,
    ACTIVITY_IN_FLIGHT,
    own_activity_id,
)
from wand_orchestrator.contract.node import (
    FailureDetails,
    HeldAttempt,
    InFlight,
)
from wand_orchestrator.workflows.arrivals.activity_results import model_of

ONCE = RetryPolicy(maximum_attempts=1)
ANSWER = timedelta(seconds=10)
"""A worker that does not answer for so long is taken to be gone, as one whose heartbeats fail to come."""

Held = dict[str, tuple[str, HeldAttempt]]
"""By node: the task queue of the worker that runs it, and the attempt."""


@dataclass(frozen=True)
class Crossing:
    """Contains what is in flight: `nodes`, of which `stuck` cannot come into another history.

    `known`: whether the server told; `silent`: whether a worker did not.
    """

    nodes: dict[str, InFlight]
    stuck: frozenset[str] = frozenset()
    known: bool = True
    silent: bool = False


async def crossing(full: bool) -> Crossing:
    """Ask workers to hold what is in flight, if all of it can come into the next history, or must, as this
    one is full.
    """
    try:
        given = await workflow.execute_local_activity(
            ACTIVITY_IN_FLIGHT,
            workflow.info().workflow_id,
            result_type=RawValue,
            start_to_close_timeout=ANSWER,
            retry_policy=ONCE,
            summary="what is in flight",
        )
        found = model_of(RootModel[dict[str, InFlight]], given).root
    except (ActivityError, ApplicationError) as error:
        workflow.logger.warning("the server did not tell what is in flight: %s", error)
        return Crossing({}, known=False)
    stuck = frozenset(id for id, node in found.items() if node.running and node.queue is None)
    if stuck and not full:
        return Crossing({}, stuck)
    answers = await asyncio.gather(*map(_hold, _queues(found)))
    return Crossing(found, stuck, silent=None in answers)


async def held(crossed: Mapping[str, InFlight]) -> Held:
    """Return the attempts that workers run, and those that ended there between the two histories."""
    queues = _queues(crossed)
    answers = await asyncio.gather(*map(_hold, queues))
    found: Held = {}
    for queue, answer in zip(queues, answers, strict=True):
        for node, attempt in (answer or {}).items():
            if node not in found or found[node][1].attempt < attempt.attempt:
                found[node] = (queue, attempt)
    return found


def held_still(held: Held, node: str, crossed: InFlight) -> tuple[str, HeldAttempt] | None:
    """Return the attempt that a worker has of the node; None if the server knows of a later one."""
    found = held.get(node)
    return None if found is None or found[1].attempt < crossed.attempt else found


def _queues(nodes: Mapping[str, InFlight]) -> list[str]:
    """Return the task queues of these nodes, in the order of the nodes, so that a replay does the same."""
    return list(dict.fromkeys(node.queue for node in nodes.values() if node.queue is not None))


async def _hold(queue: str) -> dict[str, HeldAttempt] | None:
    """Ask the worker of this queue to hold what it runs; return it, or None if the worker does not answer."""
    try:
        given = await workflow.execute_activity(
            ACTIVITY_HOLD,
            workflow.info().workflow_id,
            activity_id=own_activity_id(f"hold-{workflow.uuid4().hex}"),
            task_queue=queue,
            result_type=RawValue,
            schedule_to_start_timeout=ANSWER,
            start_to_close_timeout=ANSWER,
            retry_policy=ONCE,
            summary="what this worker runs",
        )
        return model_of(RootModel[dict[str, HeldAttempt]], given).root
    except (ActivityError, ApplicationError) as error:
        workflow.logger.warning("the worker of %s does not answer: %s", queue, error)
        return None


class CarriedOn(asyncio.Future[Any]):
    """Waits for the end of an attempt that continues in this history.

    `cancel` has the attempt end, whenever it is called, and the future waits for that: an agent that nobody awaits
    would go on.
    """

    def __init__(self) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.cancelling = False
        self._hurrying = False
        self._awaited: asyncio.Future[Any] | None = None

    def cancel(self, msg: object = None) -> bool:
        self.cancelling = True
        if self._awaited is not None:
            self._awaited.cancel()
        return not self.done()

    def hurry(self) -> None:
        """End the wait of `until` early."""
        self._hurrying = True

    async def of(self, activity: "asyncio.Future[Any]") -> Any:
        """Return the result of the activity; a cancel of this future cancels it."""
        self._awaited = activity
        if self.cancelling:
            activity.cancel()
        try:
            return await activity
        finally:
            self._awaited = None

    async def until(self, moment: datetime, summary: str) -> None:
        """Wait for the moment, for `hurry`, or for a cancel."""
        remaining = moment - workflow.now()
        if remaining > timedelta(0):
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self.cancelling or self._hurrying, timeout=remaining, timeout_summary=summary
                )

    def settle(self, ended: "asyncio.Future[Any]") -> None:
        """Set the result, the error or the cancellation of this future from the task that has ended."""
        if ended.cancelled():
            super().cancel()
        elif (error := ended.exception()) is not None:
            self.set_exception(error)
        else:
            self.set_result(ended.result())


@dataclass(frozen=True)
class Regular:
    """Describes a regular activity in flight.

    `earlier_attempts`: of its node, made as other activities. `given_again`: those of them that do not use up retries.
    """

    since: datetime
    earlier_attempts: int
    given_again: int

    def counted(self, known: InFlight) -> InFlight:
        """Return what the server knows with earlier attempts added: the server counts only those of the current
        activity.
        """
        attempt = known.attempt + self.earlier_attempts
        return known.model_copy(update={"attempt": attempt, "given_again": self.given_again})


GONE = "the worker that ran it is gone"
LEFT_BEHIND = "the history of its run was full, and its worker could not go on in the next one"


def lost(attempt: int, left_behind: bool = False) -> ApplicationError:
    """Return the error of an attempt that no worker holds any more. `left_behind`: its worker could not hold it."""
    why = LEFT_BEHIND if left_behind else GONE
    known = FailureDetails(attempt=attempt).model_dump(mode="json")
    return ApplicationError(why, known, type=WORKER_LOST, non_retryable=True)


def lost_with_worker(error: ActivityError, attempt: int) -> FailureError | None:
    """Return the loss, if a resumed attempt ended with its worker and may be followed by another one; else None.

    `attempt`: its number, of which the error of a worker that is gone tells nothing.
    """
    cause = error.cause
    if error.retry_state is RetryState.MAXIMUM_ATTEMPTS_REACHED:
        return None
    if isinstance(cause, ActivityTimeout) and cause.type is TimeoutType.SCHEDULE_TO_START:
        return lost(attempt)
    if isinstance(cause, ApplicationError) and cause.type in (WORKER_LOST, WORKER_SHUTDOWN):
        return cause
    return None
