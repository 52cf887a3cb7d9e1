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
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import edge, emit
from tests.integration.graph_runs import Handle, Runs, serve
from tests.integration.language_operator import PATIENCE_SEC, Operator, Order
from tests.integration.language_worker import RATES, LanguageWorkers
from tests.language_graphs import PART, RUN_INPUT, Document, graphs
from tests.language_model import Told
from tests.sandbox import replayer
from tests.waiting import until
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.graph import Graph
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads

EXAMPLES = int(os.environ.get("WAND_FUZZ_EXAMPLES", "12"))
AT_ONCE = 4
"""Runs that one worker has when it is killed: after a kill they wait for Temporal's timeouts together."""

ORDERS = st.builds(Order, st.sampled_from(["pause", "pause", "skip"]), st.integers(0, 25), st.integers(0, 8))

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def fuzz(examples: int) -> settings:
    phases = [Phase.generate]
    phases += [Phase.shrink] if examples > 12 else []  # to shrink takes minutes: `make test` prints what it found
    return settings(
        max_examples=examples,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,
        print_blob=True,
    )


@pytest.fixture(scope="session")
async def runs(temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_env.client, tmp_path_factory.mktemp("language"), rates=RATES):
        yield runs


async def check(runs: Runs, operator: Operator) -> None:
    """The run ends, and its journal and its result are what its graph says."""
    result = await operator.until_ended()
    told = Told(operator.document, operator.retried, operator.skipped)
    told.read(await runs.archived(operator.handle))
    if result is not None:
        told.check(result)


@fuzz(EXAMPLES)
@given(document=graphs(), orders=st.lists(ORDERS, max_size=2))
async def test_a_run_tells_and_gives_what_its_graph_says(runs: Runs, document: Document, orders: list[Order]) -> None:
    handle = await runs.start(document, RUN_INPUT, subgraphs={"part": PART})
    await check(runs, Operator(handle, document, list(orders)))
    await replayer(runs.client.data_converter).replay_workflow(await handle.fetch_history())


# Killed workers, and new histories

CHAIN = 16
"""Short nodes beside a graph, so that it goes on in a new history, which the server suggests at 60 events."""

TASK_SEC = 3.0
"""For so long the server waits for the end of a workflow task whose worker was killed."""


def beside_a_chain(document: Document) -> Document:
    chain = [emit(f"c{index}", heartbeat_sec=1) for index in range(CHAIN)]
    order = [edge(one["id"], other["id"]) for one, other in itertools.pairwise(chain)]
    sinks = list(Graph.model_validate(document).effective_sinks())
    together = {"nodes": [*document["nodes"], *chain], "edges": [*document["edges"], *order], "sinks": sinks}
    return document | together


@dataclass(frozen=True)
class Killing:
    """Runs whose workers are killed."""

    runs: Runs
    workers: LanguageWorkers

    async def start(self, document: Document) -> Handle:
        return await self.runs.client.start_workflow(
            "GraphRun",
            args=[{"graph": beside_a_chain(document), "input": RUN_INPUT, "subgraphs": {"part": PART}}, None],
            id=f"r_{uuid.uuid4().hex}",
            task_queue=self.runs.task_queue,
            result_type=RunResult,
            task_timeout=timedelta(seconds=TASK_SEC),
        )

    async def kill(self, handles: list[Handle], moments: list[int]) -> None:
        """Kill the worker when the newest histories of the runs have so many events together, or all have ended."""
        for moment in moments:
            await until(lambda moment=moment: self._far(handles, moment), bool, PATIENCE_SEC)  # type: ignore[misc]
            await self.workers.replace()

    async def _far(self, handles: list[Handle], events: int) -> bool:
        known = await asyncio.gather(
            *(self.runs.client.get_workflow_handle(handle.id).describe() for handle in handles)
        )
        open = [each for each in known if each.status is WorkflowExecutionStatus.RUNNING]
        return not open or sum(each.history_length for each in known) >= events


@pytest.fixture
async def killing(short_histories: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Killing]:
    options = Settings(data_dir=tmp_path / "data", task_queue=f"q-{uuid.uuid4().hex}")
    store = Store.open(options.effective_database_url)
    await store.migrate()
    client = keeping_payloads(short_histories.client, options)
    address = client.service_client.config.target_host
    async with LanguageWorkers(address, options.task_queue, options.data_dir) as workers:
        yield Killing(Runs(client, options.task_queue, store), workers)
    await store.close()


@fuzz(max(1, EXAMPLES // 12))
@given(
    several=st.lists(st.tuples(graphs(least=4), st.lists(ORDERS, max_size=1)), min_size=AT_ONCE, max_size=AT_ONCE),
    moments=st.lists(st.integers(20, 60 * AT_ONCE), min_size=1, max_size=2).map(sorted),
)
async def test_nor_do_kills_of_its_worker_and_new_histories_change_that(
    killing: Killing, several: list[tuple[Document, list[Order]]], moments: list[int]
) -> None:
    assume(all(len(document["edges"]) > 3 for document, _ in several))  # the first example would be the simplest one
    handles = [await killing.start(document) for document, _ in several]
    attended = [
        Operator(handle, document, list(orders)) for handle, (document, orders) in zip(handles, several, strict=True)
    ]
    async with asyncio.TaskGroup() as group:
        for operator in attended:
            group.create_task(check(killing.runs, operator))
        await killing.kill(handles, moments)
