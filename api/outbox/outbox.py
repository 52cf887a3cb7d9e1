"""Starts runs: the outbox between the database, to which a run's row is written first, and Temporal.

Starts that come faster than Temporal takes them wait here for their turn, whether their callers do or not. A run whose
workflow could not be started stays `pending`, and is started as soon as Temporal is back, by this process or by another
one: starting twice is starting once.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from wand_orchestrator._agent import Agent
from wand_orchestrator.api.graphs.cache import GraphCache
from wand_orchestrator.api.outbox.confirmations import Confirmations
from wand_orchestrator.api.outbox.run_snapshot import Snapshots
from wand_orchestrator.api.outbox.start_queue import StartQueue
from wand_orchestrator.api.temporal.errors import AttributesMissing, StartRefused
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.launch import Launch
from wand_orchestrator.api.webhooks import Webhooks
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.limits import RunLimits
from wand_orchestrator.contract.run import (
    Archive,
)
from wand_orchestrator.contract.state import Failure, RunStatus
from wand_orchestrator.errors import GraphFaults, NotFound, Unavailable, WandError
from wand_orchestrator.storage import Run, Store
from wand_orchestrator.storage.engine.weight import worked_off
from wand_orchestrator.storage.subgraphs import Subgraphs
from wand_orchestrator.temporal.connection import ensure_search_attributes

OUTBOX_START_SEC = 1.2
"""So long a caller waits for the start."""

CALL_SEC = 5.0
"""Of a call to Temporal that goes on although its caller has left."""

RETRY_SEC = 2.0
"""Between two looks at what is pending, while something is."""

OUTBOX_LOOK_SEC = 30.0
"""Between two looks when nothing is: for what another process left behind."""

GRACE_SEC = 3.0
"""A younger run is in the hands of the call that made it: it may have started, and even ended or been deleted in
Temporal, before its row says so."""

BATCH = 1000
AT_ONCE = 16
MAX_WAITING = 10_000
MAX_WAITING_BYTES = 64 * 1024**2
"""Of the inputs of those that wait. Starts beyond either are left to the next look, which finds them in the
database."""

log = logging.getLogger(__name__)


class Outbox:
    """Starts runs; `run` is the background task that starts pending ones and confirms started ones."""

    def __init__(
        self,
        executions: Executions,
        store: Store,
        graphs: GraphCache,
        subgraphs: Subgraphs,
        webhooks: Webhooks,
        agents: Mapping[str, Agent],
        limits: RunLimits,
    ) -> None:
        self._executions = executions
        self._store = store
        self._graphs = graphs
        self._subgraphs = subgraphs
        self._webhooks = webhooks
        self._snapshots = Snapshots(agents, limits)
        self._turns: StartQueue[RunStatus] = StartQueue(AT_ONCE)
        self._confirmations = Confirmations(store)
        self._look_again = asyncio.Event()
        self._held_up = False

    async def start(self, launch: Launch, seconds: float) -> RunStatus:
        """Start a run whose row was just written, or found by its idempotency key; return its status.

        It is `pending` if it was not its turn within the seconds; it is started when it is.
        """
        run = launch.run
        if run.status is not RunStatus.PENDING or run.graph_id is None:
            return run.status
        size = len(run.input_json)
        if len(self._turns) >= MAX_WAITING or (self._turns.weight and self._turns.weight + size > MAX_WAITING_BYTES):
            self._look_again.set()
            return RunStatus.PENDING
        status = await self._turns.result(run.run_id, partial(self._start_in_turn, launch), seconds, size)
        return status or RunStatus.PENDING

    async def start_at_once(self, run: Run, seconds: float) -> RunStatus:
        """Start a run that is still `pending`, before all that wait for their turn; it fails if it cannot be run."""
        try:
            launch = await self._launch(run)
        except GraphFaults as error:
            return await self._settle_refused(run, error)
        return run.status if launch is None else await self._start(launch, seconds)

    def has_just_started(self, run_id: str) -> bool:
        """Return whether the run was started here a moment ago, so that it is known to exist."""
        return run_id in self._confirmations

    def forget(self, run_id: str) -> None:
        """Forget a deleted run, so that its start is not recorded."""
        self._confirmations.discard(run_id)

    async def run(self) -> None:
        """Run until cancelled; started runs are confirmed before it ends, if the database answers."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_looking())
                tasks.create_task(self._confirmations.run())
        except asyncio.CancelledError:  # after a failure it is run again, and the starts under way go on
            await self._turns.close()
            await self._confirmations.close()
            raise

    async def _start_in_turn(self, launch: Launch) -> RunStatus:
        if self._turns.is_awaited(launch.run.run_id):
            return await self._start(launch, CALL_SEC)
        return await self._start_left(launch.run.run_id)

    async def _start_left(self, run_id: str) -> RunStatus:
        """Start a run for which no caller waits. It may have been started, cancelled or deleted since it was read."""
        if self._held_up:
            self._look_again.set()
            return RunStatus.PENDING
        try:
            run = await self._store.runs.get(run_id)
            if run is None or run.status is not RunStatus.PENDING:
                return RunStatus.PENDING if run is None else run.status
            return await self._start_stored(run)
        except NotFound:
            return RunStatus.TERMINATED
        except Unavailable as error:
            log.info("the run %s is started later: %s", run_id, error.message)
            self._look_again.set()
            return RunStatus.PENDING

    async def _start_stored(self, run: Run) -> RunStatus:
        try:
            launch = await self._launch(run)
        except GraphFaults as error:
            return await self._settle_refused(run, error)
        return run.status if launch is None else await self._start(launch, CALL_SEC)

    async def _launch(self, run: Run) -> Launch | None:
        stored = None if run.graph_id is None else await self._graphs.get(run.graph_id)
        if stored is None:
            return None
        subgraphs = await self._subgraphs.of(stored.graph, run.graph_id)
        return Launch(run, stored.graph, stored.version, subgraphs)

    async def _start(self, launch: Launch, seconds: float) -> RunStatus:
        run_id = launch.run.run_id
        try:
            document = await worked_off(launch.run.input_json, lambda: self._snapshots.input_of(launch))
            await self._executions.start(launch, document, seconds)
        except StartRefused as error:
            return await self._settle_refused(launch.run, error)
        except (Unavailable, AttributesMissing) as error:
            log.warning("the run %s cannot be started yet: %s", run_id, error.message)
            self._held_up = True
            self._look_again.set()
            return RunStatus.PENDING
        self._held_up = False
        self._confirmations.add(run_id)
        return RunStatus.RUNNING

    async def _settle_refused(self, run: Run, error: WandError) -> RunStatus:
        """End a run that Temporal refused, as another attempt would be refused as well."""
        failure = Failure(code=error.code, message=error.message)
        event = Event(
            seq=1,
            ts=datetime.now(UTC),
            type=EventType.RUN_FAILED,
            level="error",
            message=f"{run.name} could not be started: {error.message}",
            data={"error": failure.model_dump(mode="json", exclude_none=True)},
        )
        await self._webhooks.tell_ending(run.terms.webhook, [event], run.summary, OUTBOX_START_SEC)
        await self._store.archive.append(
            Archive(run_id=run.run_id, graph_id=run.graph_id, name=run.name, events=(event,))
        )
        return RunStatus.FAILED

    async def _keep_looking(self) -> None:
        await self._look()
        pause = GRACE_SEC  # what a process wrote just before it was killed is no longer young then
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._look_again.wait()
                    await asyncio.sleep(RETRY_SEC)
            self._look_again.clear()
            pause = await self._look()

    async def _look(self) -> float:
        """Queue the pending runs that are not queued here; return the seconds until the next look."""
        try:
            pending = await self._store.runs.pending(GRACE_SEC, BATCH)
            left = [id for id in pending if id not in self._turns and id not in self._confirmations]
            if left:
                await self._executions.ping(OUTBOX_START_SEC)
                await self._ensure_attributes()
                self._held_up = False
                for run_id in left:
                    self._turns.take(run_id, partial(self._start_left, run_id))
        except Unavailable as error:
            log.info("pending runs wait: %s", error.message)
            return RETRY_SEC
        return RETRY_SEC if pending else OUTBOX_LOOK_SEC

    async def _ensure_attributes(self) -> None:
        """Register the search attributes again: Temporal may have been replaced since this process began."""
        try:
            async with asyncio.timeout(OUTBOX_START_SEC):
                await ensure_search_attributes(self._executions.client)
        except Exception as error:
            log.info("the search attributes could not be ensured: %s", error)
