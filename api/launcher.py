"""Starts runs: the outbox between the database, where a run's row stands first, and Temporal.

A run whose workflow could not be started stays `pending`, and is started here as soon as Temporal is back, by this
process or by another one: starting twice is starting once.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from api.executions import AttributesMissing, Executions, StartRefused
from api.webhooks import Webhooks
from wand_orchestrator.agent import Agent
from wand_orchestrator.contract import Archive
from wand_orchestrator.errors import GraphFaults, NotFound, Unavailable, WandError
from wand_orchestrator.events import Event, EventType
from wand_orchestrator.execution import resolve_execution
from wand_orchestrator.graph import Graph
from wand_orchestrator.state import Failure, RunStatus
from wand_orchestrator.storage import PendingRun, Run, Store
from wand_orchestrator.subgraphs import Subgraphs
from wand_orchestrator.temporal import ensure_search_attributes

START_SEC = 1.2
RETRY_SEC = 2.0
"""Between two looks at what is pending, while something is."""

LOOK_SEC = 30.0
"""Between two looks when nothing is: for what another process left behind."""

GRACE_SEC = 3.0
"""A younger run is in the hands of the call that made it."""

CONFIRM_SEC = 0.2
"""Runs started within it are confirmed in one statement, which is not in the way of a run that takes no longer."""

BATCH = 100
AT_ONCE = 16

log = logging.getLogger(__name__)


class Launcher:
    """`run` is its background task: it starts what is pending and confirms what was started."""

    def __init__(
        self,
        executions: Executions,
        store: Store,
        subgraphs: Subgraphs,
        webhooks: Webhooks,
        agents: Mapping[str, Agent],
    ) -> None:
        self._executions = executions
        self._store = store
        self._subgraphs = subgraphs
        self._webhooks = webhooks
        self._agents = agents
        self._started: set[str] = set()
        self._to_confirm = asyncio.Event()
        self._to_start = asyncio.Event()

    async def start(
        self, run: Run, graph: Graph, version: int | None, subgraphs: Mapping[str, Graph], seconds: float
    ) -> RunStatus:
        """Start a run whose row was just written, or was found by its idempotency key, and give its status.

        `version`: of the graph, if it is known.
        """
        if run.status is not RunStatus.PENDING or run.graph_id is None:
            return run.status
        pending = PendingRun(
            run_id=run.run_id,
            graph_id=run.graph_id,
            graph=graph,
            input=run.input,
            created_at=run.created_at,
            retry_of=run.retry_of,
            tags=run.tags,
            webhook=run.webhook,
            version=version,
        )
        return await self._start(pending, subgraphs, seconds)

    def has_just_started(self, run_id: str) -> bool:
        """Whether it was started here a moment ago, so that nobody need be asked whether there is such a run."""
        return run_id in self._started

    async def run(self) -> None:
        """Until cancelled; what was started is confirmed before it ends, if the database answers."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_starting())
                tasks.create_task(self._keep_confirming())
        finally:
            with suppress(Unavailable):  # another process, or this one after a restart, confirms them
                await self._confirm()

    async def _start(self, run: PendingRun, subgraphs: Mapping[str, Graph], seconds: float) -> RunStatus:
        graph = resolve_execution(run.graph, self._agents)
        parts = {name: resolve_execution(part, self._agents) for name, part in subgraphs.items()}
        try:
            await self._executions.start(replace(run, graph=graph), parts, seconds)
        except StartRefused as error:
            return await self._settle_refused(run, error)
        except (Unavailable, AttributesMissing) as error:
            log.warning("the run %s cannot be started yet: %s", run.run_id, error.message)
            self._to_start.set()
            return RunStatus.PENDING
        self._started.add(run.run_id)
        self._to_confirm.set()
        return RunStatus.RUNNING

    async def _settle_refused(self, run: PendingRun, error: WandError) -> RunStatus:
        """The run ends without having begun: another attempt would be refused as well."""
        failure = Failure(code=error.code, message=error.message)
        event = Event(
            seq=1,
            ts=datetime.now(UTC),
            type=EventType.RUN_FAILED,
            level="error",
            message=f"{run.graph.name} could not be started: {error.message}",
            data={"error": failure.model_dump(mode="json", exclude_none=True)},
        )
        await self._webhooks.tell_ending(
            run.webhook, [event], START_SEC, run_id=run.run_id, graph_id=run.graph_id, name=run.graph.name
        )
        await self._store.archive.append(
            Archive(run_id=run.run_id, graph_id=run.graph_id, name=run.graph.name, events=(event,))
        )
        return RunStatus.FAILED

    async def _keep_starting(self) -> None:
        grace = 0.0
        while True:
            pause = await self._look(grace)
            grace = GRACE_SEC
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._to_start.wait()
                    await asyncio.sleep(RETRY_SEC)
            self._to_start.clear()

    async def _look(self, grace: float) -> float:
        """Start what is pending; gives the seconds until the next look."""
        try:
            pending = await self._store.runs.pending(grace, BATCH)
            if not pending:
                return LOOK_SEC
            await self._executions.ping(START_SEC)
            await self._start_all(pending)
        except Unavailable as error:
            log.info("pending runs wait: %s", error.message)
        return RETRY_SEC

    async def _start_all(self, pending: Sequence[PendingRun]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)

        async def start(run: PendingRun) -> None:
            async with slots:
                # It may have been cancelled, and deleted, since it was read.
                with suppress(NotFound):
                    row = await self._store.runs.get(run.run_id)
                    if row is not None and row.status is RunStatus.PENDING:
                        await self._start_left(run)

        await self._ensure_attributes()
        results = await asyncio.gather(*(start(run) for run in pending), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, Unavailable):
                raise result

    async def _start_left(self, run: PendingRun) -> None:
        """Start a run that was left `pending`."""
        try:
            subgraphs = await self._subgraphs.of(run.graph, run.graph_id)
        except GraphFaults as error:
            await self._settle_refused(run, error)
        else:
            await self._start(run, subgraphs, START_SEC)

    async def _ensure_attributes(self) -> None:
        """Temporal may be another one since this process began."""
        try:
            async with asyncio.timeout(START_SEC):
                await ensure_search_attributes(self._executions.client)
        except Exception as error:
            log.info("the search attributes could not be ensured: %s", error)

    async def _keep_confirming(self) -> None:
        while True:
            await self._to_confirm.wait()
            await asyncio.sleep(CONFIRM_SEC)
            self._to_confirm.clear()
            try:
                await self._confirm()
            except WandError as error:
                log.info("started runs are confirmed later: %s", error.message)
                self._to_confirm.set()
                await asyncio.sleep(RETRY_SEC)

    async def _confirm(self) -> None:
        started = set(self._started)
        if started:
            await self._store.runs.confirm_started(started)
            self._started -= started
