"""Runs of the workflow GraphRun with the sample agents, without the API."""

import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sample_agents
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.worker import Interceptor, Worker

from tests.waiting import until
from wand_orchestrator.activities.agents.transform import transform
from wand_orchestrator.activities.core.archive_events import archive_activity
from wand_orchestrator.activities.core.end_backoff import retry_now_activity
from wand_orchestrator.activities.core.ending_runs import is_ending_activity
from wand_orchestrator.activities.core.in_flight import in_flight_activity
from wand_orchestrator.activities.core.keep_paused import keep_paused_activity
from wand_orchestrator.activities.core.read_outputs import outputs_activity
from wand_orchestrator.activities.core.run_watch import run_watch_activities
from wand_orchestrator.activities.core.start_run import start_run_activity
from wand_orchestrator.activities.core.tell_input_keys import input_keys_activity
from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.queries import (
    StatePage,
)
from wand_orchestrator.contract.run import (
    RunResult,
)
from wand_orchestrator.contract.state import RunState
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads
from wand_orchestrator.workflows.graph_run import GraphRun

Handle = WorkflowHandle[Any, RunResult]


@dataclass
class Runs:
    """Starts runs on a worker, and reads them."""

    client: Client
    task_queue: str
    store: Store

    async def start(
        self, document: dict[str, Any], input: Any = None, *, task_timeout: timedelta | None = None, **rest: Any
    ) -> Handle:
        return await self.client.start_workflow(
            "GraphRun",
            args=[{"graph": document, "input": input, **rest}, None],
            id=f"r_{uuid.uuid4().hex}",
            task_queue=self.task_queue,
            result_type=RunResult,
            task_timeout=task_timeout,
        )

    async def archived(self, handle: Handle) -> list[Event]:
        """Every event in the database; numbered without gaps."""
        stored = await self.store.events.page(handle.id, after=0, limit=100_000)
        events = [Event.model_validate_json(item.body) for item in stored]
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return events


async def serve(
    client: Client,
    folder: Path,
    registry: Registry | None = None,
    interceptors: Sequence[Interceptor] = (),
    **options: Any,
) -> AsyncIterator[Runs]:
    settings = Settings(data_dir=folder, task_queue=f"q-{uuid.uuid4().hex}", **options)
    client = keeping_payloads(client, settings)
    store = Store.open(settings.effective_database_url)
    await store.migrate()
    async with worker(client, settings, store, registry, interceptors):
        yield Runs(client, settings.task_queue, store)
    await store.close()


def worker(
    client: Client,
    settings: Settings,
    store: Store,
    registry: Registry | None = None,
    interceptors: Sequence[Interceptor] = (),
) -> Worker:
    registry = registry or Registry.of(sample_agents, transform)
    return build_worker(
        client,
        settings,
        registry,
        artifacts=ArtifactStore.open(settings.effective_artifacts_url),
        workflows=[GraphRun],
        interceptors=interceptors,
        core_activities=[
            input_keys_activity(registry.agents),
            archive_activity(store),
            retry_now_activity(client),
            in_flight_activity(client),
            is_ending_activity(client),
            start_run_activity(client, store),
            keep_paused_activity(client),
            *run_watch_activities(client),
            outputs_activity(client, [GraphRun]),
        ],
    )


async def state_of(handle: Handle) -> RunState:
    page: StatePage = await handle.query("state", args=[0, 10_000], result_type=StatePage)
    return page.state


async def state_when(handle: Handle, holds: Callable[[RunState], bool]) -> RunState:
    return await until(lambda: state_of(handle), holds)


async def ended(handle: Handle) -> RunState:
    with contextlib.suppress(WorkflowFailureError):
        await handle.result()
    return await state_of(handle)


def by_node(state: RunState) -> dict[str, str]:
    return {node: item.status.value for node, item in state.nodes.items()}
