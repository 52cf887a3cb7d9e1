"""What routers are handed, each under a name of its own."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request
from pydantic import BeforeValidator
from temporalio.client import Client

from api.deletions import Deletions
from api.deliveries import Deliveries
from api.executions import Executions
from api.graph_cache import GraphCache
from api.graph_check import GraphCheck
from api.graph_deletion import GraphDeletion
from api.journal_reader import JournalReader
from api.launcher import Launcher
from api.node_reader import NodeReader
from api.origin import Origin
from api.path_ids import decoded_id
from api.relay import Relay
from api.retention import Retention
from api.retries import Retries
from api.run_files import RunFiles
from api.run_reader import RunReader
from api.schedules import Schedules
from api.settlement import Settlement
from api.settler import Settler
from api.starter import Starter
from api.steering import Steering
from api.streams import Streams
from api.supervision import Supervision
from api.webhooks import Webhooks
from wand_orchestrator.artifacts import ArtifactStore
from wand_orchestrator.feed import Feed
from wand_orchestrator.payloads import PayloadStore
from wand_orchestrator.registry import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.subgraphs import Subgraphs
from wand_orchestrator.temporal import keeping_payloads

MAX_PAGE = 500


@dataclass(frozen=True)
class Services:
    """Everything that the application holds. Its lifespan ends the tasks of those that have one."""

    settings: Settings
    store: Store
    registry: Registry
    artifacts: ArtifactStore
    executions: Executions
    settlement: Settlement
    settler: Settler
    reader: JournalReader
    runs: RunReader
    graph_check: GraphCheck
    subgraphs: Subgraphs
    launcher: Launcher
    starter: Starter
    nodes: NodeReader
    files: RunFiles
    steering: Steering
    retries: Retries
    deletions: Deletions
    deliveries: Deliveries
    retention: Retention
    schedules: Schedules
    graph_deletion: GraphDeletion
    relay: Relay
    streams: Streams
    supervision: Supervision

    @classmethod
    def build(
        cls,
        settings: Settings,
        client: Client,
        store: Store,
        registry: Registry,
        artifacts: ArtifactStore,
        feed: Feed | None,
    ) -> "Services":
        executions = Executions(keeping_payloads(client, settings), settings.task_queue, eager=feed is not None)
        webhooks = Webhooks(executions, settings)
        origin = Origin(executions, store)
        settlement = Settlement(executions, store, webhooks, origin)
        reader = JournalReader(executions, store, settlement)
        graphs = GraphCache(store)
        graph_check = GraphCheck(registry, settings)
        subgraphs = Subgraphs(store)
        launcher = Launcher(executions, store, graphs, subgraphs, webhooks, registry.agents, settings.child_limits)
        starter = Starter(store, graphs, graph_check, subgraphs, launcher, webhooks)
        runs = RunReader(executions, store, settlement, graphs)
        relay = Relay(executions, reader, feed or Feed(), settings.sse_queue_size)
        payloads = PayloadStore.open(settings)
        deletions = Deletions(executions, store, runs, launcher, artifacts, payloads)
        schedules = Schedules(executions.client, settings.task_queue, store, webhooks)
        settler = Settler(executions, store, settlement, origin)
        retention = Retention(settings, executions, store, deletions, payloads)
        return cls(
            settings=settings,
            store=store,
            registry=registry,
            artifacts=artifacts,
            executions=executions,
            settlement=settlement,
            settler=settler,
            reader=reader,
            runs=runs,
            graph_check=graph_check,
            subgraphs=subgraphs,
            launcher=launcher,
            starter=starter,
            nodes=NodeReader(executions, runs, settlement),
            files=RunFiles(store, artifacts, runs),
            steering=Steering(executions, runs, settlement, starter),
            retries=Retries(executions, store, graphs, runs, subgraphs, launcher),
            deletions=deletions,
            deliveries=Deliveries(executions, runs),
            retention=retention,
            schedules=schedules,
            graph_deletion=GraphDeletion(store, schedules),
            relay=relay,
            streams=Streams(relay, reader, launcher, runs),
            supervision=Supervision(
                {
                    "starts pending runs": launcher.run,
                    "cleans up after deleted runs": deletions.run,
                    "settles runs that ended from outside": settler.run,
                    "deletes what is old": retention.run,
                }
            ),
        )


def services(request: Request) -> Services:
    return cast(Services, request.app.state.services)


ServicesDep = Annotated[Services, Depends(services)]
RunIdPath = Annotated[
    str,
    BeforeValidator(decoded_id),
    Path(max_length=1000, description="The run's id, which is its Temporal workflow id; a slash in it as `%2F`."),
]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Entries of a page, at most.")]
