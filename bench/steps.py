"""`python -m bench.steps`: the CPU of each step of the workflow for the largest graph, and how late heartbeats come.

Two runs of 20,000 nodes and 100,000 edges on a server that suggests a new history early: the first task reads the graph
and builds the walk, the first task of the second history restores it, queries ask for all nodes, and the last task ends
the run. Nodes are short ones, so that a task has as much to do as it ever has.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import temporalio.worker._workflow as sdk
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.client import Client, WorkflowFailureError

import bench.agents
from wand_orchestrator.activities.core.archive_events import archive_activity
from wand_orchestrator.activities.core.end_backoff import retry_now_activity
from wand_orchestrator.activities.core.ending_runs import is_ending_activity
from wand_orchestrator.activities.core.in_flight import in_flight_activity
from wand_orchestrator.activities.core.read_outputs import outputs_activity
from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.cli.processes.dev_server import embedded_temporal
from wand_orchestrator.cli.processes.garbage import look_seldom
from wand_orchestrator.contract.queries import QUERY_TABLE, StateTable
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads
from wand_orchestrator.workflows.graph_run import GraphRun

LIMIT_SEC = 0.5
WIDTH = 100
EDGES_A_NODE = 5
BEAT_SEC = 0.02
SUGGEST_NEW_HISTORY = "limit.historyCount.suggestContinueAsNew=1000"


@dataclass
class Steps:
    """CPU seconds of the workflow's thread by what the step did; `late`: of a coroutine on the worker's event loop,
    which sends heartbeats, by the moment."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)

    def add(self, kind: str, seconds: float) -> None:
        self.taken.setdefault(kind, []).append(seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=20_000)
    parser.add_argument("--cancel-after", type=float, help="seconds after which the run is cancelled; default: never")
    arguments = parser.parse_args()
    look_seldom()
    steps = asyncio.run(_measured(arguments.nodes, arguments.cancel_after))
    for kind, taken in steps.taken.items():
        sys.stdout.write(f"{kind:12} {len(taken):6} steps, {max(taken):.3f} s at most\n")
    sys.stdout.write(f"{'heartbeats':12} {max(steps.late):.3f} s late at most\n")
    return 0 if max(map(max, steps.taken.values())) <= LIMIT_SEC else 1


async def _measured(nodes: int, cancel_after: float | None) -> Steps:
    steps = Steps()
    _watch(steps)
    with tempfile.TemporaryDirectory() as folder:
        extra_args = ("--dynamic-config-value", SUGGEST_NEW_HISTORY)
        async with (
            embedded_temporal(ui=False, extra_args=extra_args) as server,
            _worker(server.client, Path(folder)) as (client, queue),
        ):
            beating = asyncio.create_task(_beat(steps))
            await _run(client, queue, nodes, cancel_after)
            beating.cancel()
    return steps


async def _run(client: Client, queue: str, nodes: int, cancel_after: float | None) -> None:
    document = {"graph": _graph(nodes), "input": None}
    handle = await client.start_workflow(
        "GraphRun", args=[document, None], id=f"r_{uuid.uuid4().hex}", task_queue=queue
    )
    ending = asyncio.create_task(handle.result())
    started = time.monotonic()
    while not ending.done():
        await asyncio.wait([ending], timeout=2)
        await handle.query(QUERY_TABLE, result_type=StateTable)
        if cancel_after is not None and time.monotonic() - started > cancel_after:
            await handle.cancel()
            break
    with suppress(WorkflowFailureError):
        await ending
    await handle.query(QUERY_TABLE, result_type=StateTable)


def _graph(nodes: int) -> dict[str, Any]:
    """Layers in which each node waits for some of the layer before; half of the edges have a condition."""
    rng = random.Random(20)
    ids = [f"layer_{place // WIDTH}_node_{place % WIDTH}" for place in range(nodes)]
    edges = []
    for place in range(WIDTH, nodes):
        above = (place // WIDTH - 1) * WIDTH
        for number, column in enumerate(rng.sample(range(WIDTH), EDGES_A_NODE)):
            edge: dict[str, Any] = {"from": ids[above + column], "to": ids[place]}
            edges.append(edge | ({"when": "value >= `0`"} if number else {"map": {"value": "value"}}))
    return {
        "name": "largest",
        "nodes": [{"id": id, "type": "bench.short", "execution": "local"} for id in ids],
        "edges": edges,
        "options": {"concurrency": 500},
    }


@asynccontextmanager
async def _worker(client: Client, folder: Path) -> AsyncIterator[tuple[Client, str]]:
    settings = Settings(_env_file=None, data_dir=folder, task_queue=f"q-{uuid.uuid4().hex}", plugins="bench.agents")
    client = keeping_payloads(client, settings)
    store = Store.open(settings.effective_database_url)
    await store.migrate()
    core: list[Callable[..., Awaitable[Any]]] = [
        archive_activity(store),
        retry_now_activity(client),
        in_flight_activity(client),
        is_ending_activity(client),
        outputs_activity(client, [GraphRun]),
    ]
    artifacts = ArtifactStore.open(settings.effective_artifacts_url)
    registry = Registry.of(bench.agents)
    async with build_worker(
        client, settings, registry, artifacts=artifacts, workflows=[GraphRun], core_activities=core
    ):
        yield client, settings.task_queue
    await store.close()


async def _beat(steps: Steps) -> None:
    while True:
        due = time.monotonic() + BEAT_SEC
        await asyncio.sleep(BEAT_SEC)
        steps.late.append(time.monotonic() - due)


def _watch(steps: Steps) -> None:
    """Measure each activation of a workflow, in the thread that carries it out."""
    activate = sdk._RunningWorkflow.activate
    seen: set[str] = set()
    lock = threading.Lock()

    def measured(self: Any, act: WorkflowActivation) -> Any:
        began = time.thread_time()
        done = activate(self, act)
        taken = time.thread_time() - began
        with lock:
            kind = _kind(act, first=act.run_id not in seen, restores=bool(seen))
            seen.add(act.run_id)
            if any(command.HasField("complete_workflow_execution") for command in done.successful.commands):
                kind = "last"
            elif any(command.HasField("continue_as_new_workflow_execution") for command in done.successful.commands):
                kind = "hand over"
            steps.add(kind, taken)
        return done

    sdk._RunningWorkflow.activate = measured  # type: ignore[method-assign]


def _kind(act: WorkflowActivation, *, first: bool, restores: bool) -> str:
    if any(job.HasField("query_workflow") for job in act.jobs):
        return "query"
    if first:
        return "restore" if restores else "first"
    return "other"


if __name__ == "__main__":
    sys.exit(main())
