"""Starts agents as activities: short ones as local activities, all others as regular ones."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, FailureError

from wand_orchestrator.contract.codes import (
    TOO_SLOW,
)
from wand_orchestrator.contract.limits import MAX_INPUT_BYTES
from wand_orchestrator.contract.names import rate_queue
from wand_orchestrator.contract.node import (
    LOCAL_PAYLOAD_BYTES,
    AgentCall,
    AgentResult,
    HeldAttempt,
    InFlight,
)
from wand_orchestrator.contract.run import RunParent
from wand_orchestrator.graph import Node, Options
from wand_orchestrator.graphs.retries import retries_of, rules_of
from wand_orchestrator.temporal.visibility import summary
from wand_orchestrator.workflows.arrivals.activity_results import check_given, check_plain, result_of
from wand_orchestrator.workflows.journal import event_texts
from wand_orchestrator.workflows.journal.node_failures import node_failure
from wand_orchestrator.workflows.nodes.activity_options import (
    activity_options,
    held_activity_options,
    local_activity_options,
    own_timeout_sec,
)
from wand_orchestrator.workflows.nodes.attempts import Attempts
from wand_orchestrator.workflows.nodes.crossing import (
    CarriedOn,
    Held,
    Regular,
    held,
    held_still,
    lost,
    lost_with_worker,
)
from wand_orchestrator.workflows.nodes.paused_activity import start_paused
from wand_orchestrator.workflows.nodes.workflow_task import MAX_BYTES, WorkflowTask
from wand_orchestrator.workflows.size import size_up_to
from wand_orchestrator.workflows.uncancelled import raise_if_cancelled

MAX_LOCAL_IN_FLIGHT = 32
"""Their results go to the server in one message."""


class Activities:
    """Starts the activities of one run. `tell` appends to the journal; `started` is called for each regular
    activity.

    `reads`: runs whose files the agents may read besides those of their own. `parent`: of the run.
    Of the history before this one: `slow`, agents that declared themselves short and were not; `crossed`, what was in
    flight.
    """

    def __init__(
        self,
        options: Options,
        task: WorkflowTask,
        tell: Callable[[event_texts.Entry], None],
        attempts: Attempts,
        started: Callable[[], None],
        slow: list[str],
        crossed: Mapping[str, InFlight],
        reads: tuple[str, ...] = (),
        input_bytes: int = MAX_INPUT_BYTES,
        parent: RunParent | None = None,
    ) -> None:
        self._parent = parent
        self._reads = reads
        self._input_bytes = input_bytes
        self._options = options
        self._task = task
        self._tell = tell
        self._attempts = attempts
        self._started = started
        self._slow = dict.fromkeys(slow)
        self._crossed = dict(crossed)
        self._between: dict[str, InFlight] = {}
        self._waiting: dict[str, CarriedOn] = {}
        self._held: asyncio.Future[Held] | None = None
        self._regular: dict[str, Regular] = {}
        self._local_slots = asyncio.Semaphore(MAX_LOCAL_IN_FLIGHT)

    @property
    def slow(self) -> list[str]:
        """Agents that run as regular activities from now on, because they were too slow for local ones."""
        return list(self._slow)

    @property
    def regular(self) -> Mapping[str, Regular]:
        """The regular activities in flight, the oldest first."""
        return self._regular

    def crosses(self, activity: str) -> bool:
        """Return whether this activity was in flight in the previous history, so that `start` resumes it."""
        return activity in self._crossed

    def given_again(self, activity: str) -> int:
        """Return the `earlier_attempts` with which to resume an activity of the previous history; 0 for any other."""
        return self._crossed[activity].given_again if activity in self._crossed else 0

    def crossing(self, in_flight: Mapping[str, InFlight]) -> dict[str, InFlight]:
        """Return what is to come into the next history, with all attempts of a node counted."""
        still = {id: self._regular[id].counted(node) for id, node in in_flight.items() if id in self._regular}
        return self._crossed | still | self._between

    def hurry(self, activity: str) -> bool:
        """End the wait for the next attempt, if the workflow waits and not the server; return whether it did."""
        waiting = self._waiting.get(activity)
        if waiting is not None:
            waiting.hurry()
        return waiting is not None

    def start(
        self,
        node: Node,
        params: dict[str, Any],
        input: dict[str, Any],
        earlier_attempts: int = 0,
        pinned: str | None = None,
    ) -> asyncio.Future[Any]:
        """Start or resume an agent. The future returns what `activity_results.result_of` reads, or raises why the agent
        failed; cancelling it cancels the activity. Raises ApplicationError for values that an activity cannot be given.

        `earlier_attempts`: those that ended with their workers, and do not use up the node's retries. `pinned`: see
        AgentCall.
        """
        key = f"{workflow.info().workflow_id}/{node.id}"
        call = AgentCall(
            params=params,
            input=input,
            idempotency_key=key,
            earlier_attempts=earlier_attempts,
            reads=self._reads,
            retry=rules_of(node, self._options),
            timeout_sec=own_timeout_sec(node, self._options),
            pinned=pinned,
            above=() if self._parent is None else self._parent.names_of(node.id),
        )
        check_given(params, input, self._input_bytes)
        size = size_up_to(input, MAX_BYTES) + size_up_to(params, MAX_BYTES)
        if node.id in self._crossed:
            self._held = self._held or asyncio.ensure_future(held(self._crossed.copy()))
            crossed = self._between[node.id] = self._crossed.pop(node.id)
            self._task.take(size)
            carried_on = CarriedOn()
            asyncio.ensure_future(self._carry_on(node, call, crossed, carried_on)).add_done_callback(carried_on.settle)
            return carried_on
        if self._is_local(node, size):
            return asyncio.ensure_future(self._run_local(node, call))
        self._task.take(size)
        return self._start_regular(node, call)

    def _is_local(self, node: Node, size: int) -> bool:
        return (
            node.execution == "local"
            and node.queue is None
            and node.rate is None
            and size <= LOCAL_PAYLOAD_BYTES
            and node.type not in self._slow
        )

    def _start_regular(self, node: Node, call: AgentCall, used: int = 0) -> asyncio.Future[Any]:
        """Start a regular activity. `used`: how many of the earlier attempts count against the node's retries."""
        config = activity_options(node, self._options, used)
        if node.rate is not None:
            config["task_queue"] = rate_queue(workflow.info().task_queue, node.rate)
        if node.queue is not None:
            check_plain(call)
        activity = workflow.start_activity(node.type, call, result_type=RawValue, **config)
        return self._in_flight(node, call.earlier_attempts, used, activity)

    def _start_paused(self, node: Node, call: AgentCall, earlier: int, given_again: int) -> asyncio.Future[Any]:
        call = call.model_copy(update={"earlier_attempts": earlier})
        config = activity_options(node, self._options, earlier - given_again)
        activity, keeping = start_paused(node, call, config)
        keeping.add_done_callback(lambda _: self._between.pop(node.id, None))
        return self._in_flight(node, earlier, earlier - given_again, activity)

    def _start_held(self, node: Node, call: AgentCall, queue: str, attempt: HeldAttempt) -> asyncio.Future[Any]:
        earlier = attempt.attempt - 1
        used = earlier - call.earlier_attempts
        config = held_activity_options(node, self._options, queue, used)
        call = call.model_copy(update={"earlier_attempts": earlier, "carries_on": True})
        activity = workflow.start_activity(node.type, call, result_type=RawValue, **config)
        return self._in_flight(node, earlier, used, activity)

    def _in_flight(self, node: Node, earlier: int, used: int, activity: asyncio.Future[Any]) -> asyncio.Future[Any]:
        self._started()
        self._regular[node.id] = Regular(workflow.now(), earlier, earlier - used)
        activity.add_done_callback(lambda _: self._ended(node.id))
        return activity

    def _ended(self, activity: str) -> None:
        del self._regular[activity]
        self._task.regular_ended()

    async def _carry_on(self, node: Node, call: AgentCall, crossed: InFlight, ending: CarriedOn) -> Any:
        """Await an activity of the previous history, whether it runs, waits, is paused or was lost with its worker."""
        assert self._held is not None
        found = held_still(await self._held, node.id, crossed)
        given_again = call.earlier_attempts
        earlier = crossed.attempt - (0 if crossed.running else 1)
        if found is not None:
            queue, attempt = found
            del self._between[node.id]
            try:
                return await ending.of(self._start_held(node, call, queue, attempt))
            except ActivityError as error:
                earlier = max(attempt.attempt, self._attempts.ended(node.id))
                if (loss := lost_with_worker(error, earlier)) is None:
                    raise
                self._lose(node, earlier, given_again, loss)
        elif crossed.running:
            del self._between[node.id]
            self._lose(node, earlier, given_again, lost(earlier, left_behind=crossed.queue is None))
        elif crossed.paused:
            return await ending.of(self._start_paused(node, call, earlier, given_again))
        elif crossed.next_attempt_at is not None:
            self._waiting[node.id] = ending
            await ending.until(crossed.next_attempt_at, summary(f"{node.id} · next attempt"))
            del self._waiting[node.id]
        self._between.pop(node.id, None)
        if ending.cancelling:
            raise asyncio.CancelledError
        call = call.model_copy(update={"earlier_attempts": earlier})
        return await ending.of(self._start_regular(node, call, earlier - given_again))

    def _lose(self, node: Node, attempt: int, given_again: int, error: FailureError) -> None:
        """Count an attempt that ended with its worker as a retry; raise the error if there is none left."""
        if attempt - given_again > retries_of(node, self._options):
            raise error
        self._attempts.reached(node.id, attempt + 1)

    async def _run_local(self, node: Node, call: AgentCall) -> Any:
        try:
            async with self._local_slots:
                if self._task.full:
                    await workflow.wait_condition(lambda: not self._task.full)
                return await self._await_local(node, call)
        except FailureError as error:
            attempts = self._attempts_if_too_slow(node, error)
            if attempts is None:
                raise
        raise_if_cancelled()
        used = attempts - call.earlier_attempts
        return await self._start_regular(node, call.model_copy(update={"earlier_attempts": attempts}), used)

    async def _await_local(self, node: Node, call: AgentCall) -> AgentResult:
        config = local_activity_options(node, self._options)
        result: AgentResult | None = None
        self._task.local_started()
        try:
            given = await workflow.start_local_activity(node.type, call, result_type=RawValue, **config)
            result = result_of(given)
            self._task.take(size_up_to(result.output, MAX_BYTES))
            return result
        finally:
            self._task.local_ended(result)

    def _attempts_if_too_slow(self, node: Node, error: FailureError) -> int | None:
        """Return the attempts before the one that was stopped for being too slow; None if it failed for
        another reason.
        """
        failed = node_failure(node, self._options, error)
        if failed.failure.code != TOO_SLOW:
            return None
        for report in failed.details.reports:
            self._tell(event_texts.reported(report))
        self._tell(event_texts.node_too_slow(node, failed))
        self._slow[node.type] = None
        return failed.details.attempt - 1
