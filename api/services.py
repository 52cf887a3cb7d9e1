"""Defines the services of the application, and how routers get them."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request
from pydantic import BeforeValidator
from temporalio.client import Client

from wand_orchestrator.api.graph_deletion import GraphDeletion
from wand_orchestrator.api.graphs.cache import GraphCache
from wand_orchestrator.api.graphs.graph_check import GraphCheck
from wand_orchestrator.api.hooks.receipt import HookReceipts
from wand_orchestrator.api.hooks.registration import HookRegistration
from wand_orchestrator.api.http.path_ids import decoded_id
from wand_orchestrator.api.links.answer_links import AnswerLinks
from wand_orchestrator.api.outbox.outbox import Outbox
from wand_orchestrator.api.reconcile.namespace_origin import Origin
from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.reconcile.sweep import Sweep
from wand_orchestrator.api.runs.deletion import RunRemoval
from wand_orchestrator.api.runs.deliveries import Deliveries
from wand_orchestrator.api.runs.node_questions import NodeQuestions
from wand_orchestrator.api.runs.node_reader import NodeReader
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.runs.retention import Retention
from wand_orchestrator.api.runs.retry import Retries
from wand_orchestrator.api.runs.run_files import RunFiles
from wand_orchestrator.api.runs.run_steering import Steering
from wand_orchestrator.api.runs.start import RunStart
from wand_orchestrator.api.schedules.schedules import Schedules
from wand_orchestrator.api.stream.journal_reader import JournalReader
from wand_orchestrator.api.stream.relay import Relay, Streams
from wand_orchestrator.api.stream.run_end import RunEnd
from wand_orchestrator.api.supervision import Supervision
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.temporal.service_workflows import mcp_servers
from wand_orchestrator.api.tools.worker_tools import WorkerTools
from wand_orchestrator.api.webhooks import Webhooks
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.files.payloads import PayloadStore
from wand_orchestrator.files.uploads import UploadStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.subgraphs import Subgraphs
from wand_orchestrator.temporal.connection import keeping_payloads
from wand_orchestrator.temporal.event_feed import EventFeed

MAX_PAGE = 500


@dataclass(frozen=True)
class Services:
    """Contains the services of the application, whose lifespan runs their background tasks."""

    settings: Settings
    store: Store
    registry: Registry
    artifacts: ArtifactStore
    executions: Executions
    settlement: Reconciliation
    settler: Sweep
    reader: JournalReader
    runs: RunReader
    graph_check: GraphCheck
    mcp: WorkerTools
    launcher: Outbox
    starter: RunStart
    nodes: NodeReader
    files: RunFiles
    uploads: UploadStore
    steering: Steering
    links: AnswerLinks
    retries: Retries
    deletions: RunRemoval
    deliveries: Deliveries
    retention: Retention
    schedules: Schedules
    graph_deletion: GraphDeletion
    relay: Relay
    streams: Streams
    ends: RunEnd
    hooks: HookRegistration
    receipts: HookReceipts
    supervision: Supervision

    @classmethod
    def build(
        cls,
        settings: Settings,
        client: Client,
        store: Store,
        registry: Registry,
        artifacts: ArtifactStore,
        feed: EventFeed | None,
    ) -> "Services":
        executions = Executions(keeping_payloads(client, settings), settings.task_queue, eager=feed is not None)
        webhooks = Webhooks(executions, settings)
        origin = Origin(executions, store)
        settlement = Reconciliation(executions, store, webhooks, origin)
        reader = JournalReader(executions, store, settlement)
        graphs = GraphCache(store)
        subgraphs = Subgraphs(store)
        mcp = WorkerTools(partial(mcp_servers, executions))
        graph_check = GraphCheck(registry, settings, subgraphs, mcp)
        launcher = Outbox(executions, store, graphs, subgraphs, webhooks, registry.agents, settings.run_limits)
        uploads = UploadStore(artifacts, settings.max_file_bytes, timedelta(hours=settings.file_retention_hours))
        starter = RunStart(store, graphs, graph_check, subgraphs, launcher, webhooks, uploads)
        runs = RunReader(executions, store, settlement, graphs)
        relay = Relay(executions, reader, feed or EventFeed(), settings.sse_queue_size)
        payloads = PayloadStore.open(settings)
        deletions = RunRemoval(executions, store, runs, launcher, artifacts, payloads)
        schedules = Schedules(executions.client, settings.task_queue, store, graph_check, webhooks)
        settler = Sweep(executions, store, settlement, origin)
        retention = Retention(settings, executions, store, deletions, payloads, uploads)
        nodes = NodeReader(executions, runs, settlement, store, payloads, graphs)
        steering = Steering(executions, runs, settlement, starter)
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
            mcp=mcp,
            launcher=launcher,
            starter=starter,
            nodes=nodes,
            uploads=uploads,
            files=RunFiles(store, artifacts, runs),
            steering=steering,
            links=AnswerLinks(store, NodeQuestions(nodes), steering),
            retries=Retries(executions, store, graphs, graph_check, runs, subgraphs, launcher),
            deletions=deletions,
            deliveries=Deliveries(executions, runs),
            retention=retention,
            schedules=schedules,
            graph_deletion=GraphDeletion(store, schedules),
            relay=relay,
            streams=Streams(relay, reader, launcher, runs),
            ends=RunEnd(relay, runs),
            hooks=HookRegistration(store, webhooks),
            receipts=HookReceipts(store, starter),
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
