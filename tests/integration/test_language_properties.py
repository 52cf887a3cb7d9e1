"""Random graphs with everything that the language has, on the real server, against an obvious model of it: what the
journal tells could happen in that order, and the outputs are those of the model.

`make fuzz-language` looks longer: WAND_FUZZ_EXAMPLES says how many graphs.
"""

import asyncio
import itertools
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests.integration.graph_cases import edge, emit
from tests.integration.graph_runs import Handle, Runs, serve, worker
from tests.language_model import PART, RUN_INPUT, Document, Told, graphs
from tests.sandbox import replayer
from tests.waiting import until
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.graph import Graph
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads

EXAMPLES = int(os.environ.get("WAND_FUZZ_EXAMPLES", "12"))
PATIENCE_SEC = 60.0

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def fuzz(examples: int) -> settings:
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck), deadline=None, database=None)


@dataclass(frozen=True)
class Stopping:
    """A worker that is stopped, without any grace, and started anew."""

    runs: Runs
    options: Settings

    def worker(self) -> Worker:
        return worker(self.runs.client, self.options, self.runs.store)

    async def until(self, handle: Handle, events: int) -> None:
        """Run a worker until so many events of the run are in the history that it has then, or the run has ended."""
        async with self.worker():
            await until(lambda: self._far(handle, events), bool)

    async def _far(self, handle: Handle, events: int) -> bool:
        described = await self.runs.client.get_workflow_handle(handle.id).describe()
        over = described.run_id != handle.first_execution_run_id
        return over or described.history_length >= events or described.status is not WorkflowExecutionStatus.RUNNING


def beside_a_chain(document: Document) -> Document:
    chain = [emit(f"c{index}") for index in range(CHAIN)]
    order = [edge(one["id"], other["id"]) for one, other in itertools.pairwise(chain)]
    sinks = list(Graph.model_validate(document).effective_sinks())
    together = {"nodes": [*document["nodes"], *chain], "edges": [*document["edges"], *order], "sinks": sinks}
    return document | together


@pytest.fixture(scope="session")
async def runs(temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_env.client, tmp_path_factory.mktemp("language")):
        yield runs


async def ended(handle: Handle) -> RunResult | None:
    async with asyncio.timeout(PATIENCE_SEC):
        try:
            return await handle.result()
        except WorkflowFailureError:
            return None


@fuzz(EXAMPLES)
@given(document=graphs())
async def test_a_run_tells_and_gives_what_its_graph_says(runs: Runs, document: Document) -> None:
    handle = await runs.start(document, RUN_INPUT, subgraphs={"part": PART})
    result = await ended(handle)
    told = Told(document)
    told.read(await runs.archived(handle))
    if result is not None:
        told.check(result)
    await replayer(runs.client.data_converter).replay_workflow(await handle.fetch_history())


CHAIN = 16
"""Short nodes beside a graph, so that it goes on in a new history, which the server suggests at 60 events."""


@pytest.fixture
async def stopped_now_and_then(short_histories: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Stopping]:
    options = Settings(data_dir=tmp_path / "data", task_queue=f"q-{uuid.uuid4().hex}", shutdown_grace_sec=0)
    store = Store.open(options.effective_database_url)
    await store.migrate()
    runs = Runs(keeping_payloads(short_histories.client, options), options.task_queue, store)
    yield Stopping(runs, options)
    await store.close()


@fuzz(max(2, EXAMPLES // 5))
@given(document=graphs(), moments=st.lists(st.integers(3, 60), max_size=3).map(sorted))
async def test_nor_do_stops_of_its_worker_and_new_histories_change_that(
    stopped_now_and_then: Stopping, document: Document, moments: list[int]
) -> None:
    runs = stopped_now_and_then.runs
    handle = await runs.start(beside_a_chain(document), RUN_INPUT, subgraphs={"part": PART})
    for moment in moments:
        await stopped_now_and_then.until(handle, moment)
    async with stopped_now_and_then.worker():
        result = await ended(handle)
    told = Told(document)
    told.read(await runs.archived(handle))
    if result is not None:
        told.check(result)
