"""Wand as `wand dev` puts it together, in this process: a worker and the API over a Temporal server of the tests."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from temporalio.client import Client
from temporalio.worker import Worker

from tests.integration.declared_answers import DeclaredAnswers
from tests.waiting import until
from wand_orchestrator.activities.core.archive_events import archive_activity
from wand_orchestrator.activities.core.delete_run import delete_activity
from wand_orchestrator.activities.core.end_backoff import retry_now_activity
from wand_orchestrator.activities.core.ending_runs import is_ending_activity
from wand_orchestrator.activities.core.in_flight import in_flight_activity
from wand_orchestrator.activities.core.keep_paused import keep_paused_activity
from wand_orchestrator.activities.core.keep_values import ValueKeeper
from wand_orchestrator.activities.core.open_run import open_activity
from wand_orchestrator.activities.core.read_outputs import outputs_activity
from wand_orchestrator.activities.core.run_watch import run_watch_activities
from wand_orchestrator.activities.core.start_run import start_run_activity
from wand_orchestrator.activities.core.tell_input_keys import input_keys_activity
from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.api.app import create_app
from wand_orchestrator.api.services import Services
from wand_orchestrator.cli.processes.api_server import serving, url_of
from wand_orchestrator.cli.processes.ports import LOOPBACK, listen, port_of
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.connection import keeping_payloads
from wand_orchestrator.temporal.event_feed import EventFeed
from wand_orchestrator.workflows.graph_run import GraphRun
from wand_orchestrator.workflows.run_deletion import RunDeletion
from wand_orchestrator.workflows.tool_listing import ToolListing

ENDED = frozenset({"succeeded", "failed", "cancelled", "timed_out", "terminated"})

Json = dict[str, Any]


@dataclass
class Service:
    """The parts of it, and what a caller does with it."""

    http: httpx.AsyncClient
    client: Client
    store: Store
    settings: Settings
    registry: Registry
    artifacts: ArtifactStore
    services: Services
    url: str

    async def start(self, graph: Json, input: Any = None, **rest: Any) -> str:
        answer = await self.http.post("/runs", json={"graph": graph, "input": input, **rest})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["run_id"])

    async def get(self, run_id: str) -> Json:
        return await self._read(f"/runs/{run_id}")

    async def ended(self, run_id: str) -> Json:
        """The run when it has ended."""
        return await until(lambda: self.get(run_id), lambda run: run["status"] in ENDED)

    async def run(self, graph: Json, input: Any = None, **rest: Any) -> Json:
        """Start a run and give it when it has ended."""
        return await self.ended(await self.start(graph, input, **rest))

    async def events(self, run_id: str, **params: Any) -> list[Json]:
        return list((await self._read(f"/runs/{run_id}/logs", **params))["events"])

    async def stream(self, run_id: str, after: int | None = None) -> AsyncIterator[Json]:
        """The events that SSE brings, until the stream ends."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with self.http.stream("GET", f"/runs/{run_id}/stream", headers=headers) as answer:
            if answer.status_code != 200:
                raise AssertionError((await answer.aread()).decode())
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    async def _read(self, path: str, **params: Any) -> Json:
        answer = await self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


class PatientTransport(httpx.AsyncHTTPTransport):
    """What a caller is given in the end who only reads: on a busy machine a call may be answered with 503, which says
    to ask again."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        send = super().handle_async_request

        async def sent() -> httpx.Response:
            answer = await send(request)
            if answer.status_code == 503:
                await answer.aread()
            return answer

        return await until(sent, lambda answer: answer.status_code != 503 or request.method != "GET")


@asynccontextmanager
async def running_service(
    client: Client, folder: Path, *, worker: bool = True, shared_feed: bool = True, **settings: Any
) -> AsyncIterator[Service]:
    """`worker`: whether one runs; `shared_feed`: whether it is in the API's process, as far as the API knows."""
    options = {"data_dir": folder, "task_queue": f"q-{uuid.uuid4().hex}", "plugins": "sample_agents", **settings}
    configured = Settings(_env_file=None, **options)
    store = Store.open(configured.effective_database_url)
    await store.migrate()
    registry = Registry.load(configured)
    artifacts = ArtifactStore.open(configured.effective_artifacts_url)
    feed = EventFeed() if shared_feed else None
    app = create_app(configured, client=client, store=store, registry=registry, artifacts=artifacts, feed=feed)
    service = Service(httpx.AsyncClient(), client, store, configured, registry, artifacts, app.state.services, "")
    try:
        async with _serving(app) as url:
            key = configured.api_key
            headers = {"X-API-Key": key.get_secret_value()} if key else {}
            async with httpx.AsyncClient(
                base_url=url,
                timeout=30,
                headers=headers,
                transport=PatientTransport(),
                event_hooks={"response": [DeclaredAnswers(app)]},
            ) as http:
                service.http, service.url = http, url
                if worker:
                    async with build_service_worker(service, feed):
                        yield service
                else:
                    yield service
    finally:
        await store.close()


def build_service_worker(service: Service, feed: EventFeed | None = None, client: Client | None = None) -> Worker:
    """`client`: one that is connected, where the service's is not."""
    connected = keeping_payloads(client or service.client, service.settings)
    values = ValueKeeper.of(service.store, service.settings)
    return build_worker(
        connected,
        service.settings,
        service.registry,
        artifacts=service.artifacts,
        workflows=[GraphRun, RunDeletion, ToolListing],
        core_activities=[
            open_activity(service.store, service.registry.agents, service.settings.run_limits),
            input_keys_activity(service.registry.agents),
            archive_activity(service.store, values),
            delete_activity(service.store),
            retry_now_activity(connected),
            in_flight_activity(connected),
            is_ending_activity(connected),
            start_run_activity(connected, service.store),
            keep_paused_activity(connected),
            *run_watch_activities(connected),
            outputs_activity(connected, [GraphRun]),
        ],
        feed=feed,
        values=values,
    )


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[str]:
    listener = listen(LOOPBACK, 0, what="", flag="")
    async with serving(app, listener):
        yield url_of(LOOPBACK, port_of(listener))
