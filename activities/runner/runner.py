"""Implements the runner, which makes an agent an activity.

It checks what goes in and out, keeps Temporal informed that the agent lives, hands a cancel on to it, reports what
happens inside, and acknowledges the end only when the agent has really ended.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator._agent import Agent
from wand_orchestrator.activities.host.order import Order
from wand_orchestrator.activities.host.pool import AgentHost
from wand_orchestrator.activities.models.model_services import ModelServices
from wand_orchestrator.activities.runner.attempt_failures import (
    ABANDONED,
    LOST,
    PAUSED,
    SLOW,
    TIMEOUT,
    AttemptFailure,
)
from wand_orchestrator.activities.runner.calls import Calls
from wand_orchestrator.activities.runner.context import Artifacts, Attempt
from wand_orchestrator.activities.runner.holding import HeldAttempts, HeldCall
from wand_orchestrator.activities.runner.invocation import InProcess, Invocation
from wand_orchestrator.activities.runner.next_attempt import by_rules, next_attempt_at
from wand_orchestrator.activities.runner.reports import INTERVAL_SEC, Reporter
from wand_orchestrator.activities.runner.temporal_errors import interruption, temporal_error
from wand_orchestrator.activities.runner.values import place_of
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.contract.node import (
    AgentCall,
    AgentResult,
    FailureDetails,
    HeldAttempt,
    Report,
)
from wand_orchestrator.contract.steering import (
    SIGNAL_REPORT,
)
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.temporal.emission_feed import Emission, EmissionFeed

LOCAL_LIMIT_SEC = 2.0
"""An agent that has not ended by then is too slow for a local activity. While one runs, no event of its run is seen."""

SIGNAL_TIMEOUT = timedelta(seconds=5)
"""An agent's end waits no longer than this for a report that is under way."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgentServices:
    """What all agents of a worker share. `attempts`: the regular ones that it runs. `host`: where agents run; None for
    this process, with `threads` for plain functions (None for the loop's own executor). `secrets`: what errors must not
    tell, besides those of the settings. `emissions`: is told of the text that they emit.
    """

    settings: Settings
    registry: Registry
    artifacts: Artifacts
    attempts: HeldAttempts
    threads: Executor | None = None
    host: AgentHost | None = None
    secrets: tuple[str, ...] = ()
    emissions: EmissionFeed | None = None

    def invocation(self, order: Order, agent: Agent, reporter: Reporter) -> Invocation:
        """Return an invocation in the agent host; in this process if there is none."""
        if self.host is not None:
            return self.host.invocation(order, reporter)
        attempt = Attempt(
            agent=agent,
            reads=order.call.reads,
            run_id=order.run_id,
            node_id=order.node_id,
            number=order.number,
            idempotency_key=order.idempotency_key,
            calls=Calls(self.threads),
            reporter=reporter,
            artifacts=self.artifacts,
            tools=self.registry.tools,
            settings=self.settings,
            models=self.models,
        )
        return InProcess(attempt, order.call)

    @cached_property
    def models(self) -> ModelServices:
        return ModelServices.load(self.settings, self.registry)

    @asynccontextmanager
    async def closing_models(self) -> AsyncIterator[None]:
        """Close the clients of models after the block, if agents of this process have used any."""
        try:
            yield
        finally:
            if "models" in vars(self):
                await self.models.clients.close()

    @cached_property
    def mask(self) -> Mask:
        return Mask.of(self.settings, *self.secrets)


def worker_identity() -> str:
    """Return `host:pid` of this process: the worker's name in events, measures and the Temporal Web UI."""
    return f"{socket.gethostname()}:{os.getpid()}"


def activity_for(agent: Agent, services: AgentServices) -> Callable[[AgentCall], Awaitable[AgentResult]]:
    """Return the activity whose type is the agent's name."""

    @activity.defn(name=agent.name)
    async def run(call: AgentCall) -> AgentResult:
        return await attempt(agent, services, call)

    return run


async def attempt(agent: Agent, services: AgentServices, call: AgentCall) -> AgentResult:
    """Run an attempt of the agent, inside its activity; or wait for one that began in an earlier history of the run."""
    if call.carries_on and activity.info().attempt == 1:
        return await _carried_on(services.attempts, call)
    return await Runner(agent, services, call).run()


async def _carried_on(attempts: HeldAttempts, call: AgentCall) -> AgentResult:
    info = activity.info()
    held = attempts.find(info.workflow_id or "", info.activity_id)
    if held is None:
        raise temporal_error(LOST, FailureDetails(attempt=call.earlier_attempts + 1, worker=worker_identity()))
    return await held.carry_on()


class Runner:
    """Runs one attempt of a node; created inside its activity."""

    def __init__(self, agent: Agent, services: AgentServices, call: AgentCall) -> None:
        self._info = activity.info()
        self._begun = time.monotonic()
        self._mask = services.mask
        self._run_id = self._info.workflow_id or self._info.activity_id
        self._node = self._info.activity_id
        self._number = call.earlier_attempts + self._info.attempt
        self._rules = call.retry
        self._timeout_sec = call.timeout_sec
        self._attempts = services.attempts
        self._too_slow = False
        self._late = False
        self._stopped: activity.ActivityCancellationDetails | None = None
        interval_sec = None if self._info.is_local else INTERVAL_SEC
        self._emission = Emission(self._run_id, self._node, self._number, above=call.above, feed=services.emissions)
        self._reporter = Reporter(
            self._node,
            self._number,
            self._signal,
            self._emission,
            interval_sec=interval_sec,
            max_bytes=services.settings.max_log_bytes,
        )
        order = Order(
            agent=agent.name,
            run_id=self._run_id,
            node_id=self._node,
            number=self._number,
            idempotency_key=call.idempotency_key or f"{self._run_id}/{self._node}",
            call=call,
        )
        self._invocation = services.invocation(order, agent, self._reporter)

    async def run(self) -> AgentResult:
        """Run the attempt. Cancelling this passes the cancel on to the agent, and keeps waiting for its end."""
        limits = self._limits()
        try:
            return await (self._run_locally() if self._info.is_local else self._run_held())
        finally:
            self._emission.close()
            for limit in limits:
                limit.cancel()

    async def _run_held(self) -> AgentResult:
        known = HeldAttempt(attempt=self._number, started_at=self._info.started_time)
        return await HeldCall(self._attempts, known, self._run(), self._stop, self._emission).run()

    async def _run_locally(self) -> AgentResult:
        ending = asyncio.create_task(self._run())
        while not ending.done():
            try:
                await asyncio.wait({ending})
            except asyncio.CancelledError:
                self._stop(activity.cancellation_details())
        return ending.result()

    def _stop(self, details: activity.ActivityCancellationDetails | None) -> None:
        self._stopped = details
        self._invocation.cancel()

    async def _run(self) -> AgentResult:
        try:
            output = await self._invocation.output()
        except (Exception, asyncio.CancelledError) as error:
            raise await self._ending(error) from None
        if self._late:
            raise await self._ending(asyncio.CancelledError())
        measures = self._measures()
        text_at = place_of(self._emission.whole, output)
        reports = await self._reporter.settle()
        return AgentResult(output=output, ended_at=_now(), reports=reports, text_at=text_at, **measures)

    def _limits(self) -> list[asyncio.TimerHandle]:
        """Limit the attempt where its call says so, and a local activity in any case, as it blocks its run: one that is
        not short is run again as a regular activity.
        """
        loop, limits = asyncio.get_running_loop(), []
        if self._info.is_local:
            limits.append(loop.call_later(LOCAL_LIMIT_SEC, self._stop_as_too_slow))
        if self._timeout_sec is not None:
            limits.append(loop.call_later(self._timeout_sec, self._stop_as_late))
        return limits

    def _stop_as_late(self) -> None:
        self._late = True
        self._stop(activity.ActivityCancellationDetails(timed_out=True))

    def _stop_as_too_slow(self) -> None:
        self._too_slow = True
        self._invocation.cancel()

    async def _ending(self, error: BaseException) -> BaseException:
        """Return the error for an attempt without a result, after its reports have been sent.

        An error that an agent raises while it is being stopped comes of that: it is logged, and not its end.
        """
        failure: AttemptFailure | None = by_rules(AttemptFailure.of(error, self._mask), self._rules, self._info)
        if self._invocation.cancelled:
            details = self._stopped
            failure = SLOW if self._too_slow and details is None else interruption(details, self._info, _now())
            if failure is TIMEOUT and self._late:
                message = f"the attempt took longer than its {self._timeout_sec:g} s"
                failure = by_rules(replace(TIMEOUT, message=message), self._rules, self._info)
            if not isinstance(error, asyncio.CancelledError):
                logger.warning("Node %s of %s failed while it was stopped", self._node, self._run_id, exc_info=error)
        if failure is None:
            await self._reporter.flush()
            return asyncio.CancelledError()
        return await self._failed(failure)

    async def _failed(self, failure: AttemptFailure) -> ApplicationError:
        known = FailureDetails(**self._measures())
        at = next_attempt_at(self._info, failure, self._failed_at(failure))
        if failure is PAUSED or (at is not None and failure is not ABANDONED):
            await self._reporter.flush(last=self._retrying(failure, at))
        return temporal_error(failure, known.model_copy(update={"reports": await self._reporter.settle()}))

    def _failed_at(self, failure: AttemptFailure) -> datetime:
        """Return when the attempt failed: a timeout is decided by the server, and seen here later."""
        limit = self._info.start_to_close_timeout
        return self._info.started_time + limit if failure is TIMEOUT and limit is not None else _now()

    def _retrying(self, failure: AttemptFailure, at: datetime | None) -> Report:
        """Report the next attempt. A paused node is tried again after its last attempt too, at its operator's time."""
        told = failure.for_journal(self._node, worker_identity())
        return Report(
            kind="retrying",
            node=self._node,
            attempt=self._number,
            level="warning",
            message=f"{self._node} is tried again: {told.sentence}",
            error=told,
            data={key: value for key, value in self._measures().items() if key != "attempt"},
            next_attempt_at=None if failure is PAUSED else at,
        )

    def _measures(self) -> dict[str, Any]:
        queued = self._info.started_time - self._info.current_attempt_scheduled_time
        return {
            "attempt": self._number,
            "worker": worker_identity(),
            "queued_ms": max(0, queued // timedelta(milliseconds=1)),
            "duration_ms": int((time.monotonic() - self._begun) * 1000),
        }

    async def _signal(self, reports: Sequence[Report]) -> None:
        """Signal the run's current execution. A run that has ended takes no more reports."""
        handle = activity.client().get_workflow_handle(self._run_id)
        try:
            await handle.signal(SIGNAL_REPORT, list(reports), rpc_timeout=SIGNAL_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            logger.debug("Run %s has ended: %d reports of node %s go nowhere", self._run_id, len(reports), self._node)


def _now() -> datetime:
    return datetime.now(UTC)
