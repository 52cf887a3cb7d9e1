"""Creates the application, and starts and stops what lives as long as it does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from temporalio.client import Client

from wand_orchestrator.api.hooks.receipt import MESSAGES_BYTES
from wand_orchestrator.api.http import problems
from wand_orchestrator.api.http.access_log import AccessLog
from wand_orchestrator.api.http.auth import HEADER, ApiKeyGuard, documented_key
from wand_orchestrator.api.http.body_budget import BodyBudget
from wand_orchestrator.api.http.browser_guard import BrowserGuard
from wand_orchestrator.api.http.docs_pages import add_docs_pages
from wand_orchestrator.api.http.head import HeadAsGet
from wand_orchestrator.api.http.json_body import BUDGET_BYTES
from wand_orchestrator.api.http.openapi import DocumentedApi
from wand_orchestrator.api.http.path_ids import EncodedIds
from wand_orchestrator.api.page.page_files import add_page
from wand_orchestrator.api.routers import (
    approvals,
    catalog,
    events,
    files,
    graphs,
    health,
    hooks,
    links,
    runs,
    schedules,
    steering,
    usage,
)
from wand_orchestrator.api.routers import artifacts as artifacts_router
from wand_orchestrator.api.services import Services
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.temporal.event_feed import EventFeed

DESCRIPTION = """
Runs graphs of agents durably on Temporal. Post a graph, start a run, follow its events.

Errors are problem documents (RFC 9457) with a stable `code`. Lists are paged: `next` is the `cursor` of the next page.
"""


def create_app(
    settings: Settings,
    *,
    client: Client,
    store: Store,
    registry: Registry,
    artifacts: ArtifactStore,
    feed: EventFeed | None = None,
) -> FastAPI:
    """Return the application. The caller opens and closes client, store and artifacts. `feed`: of a worker in this
    process.
    """
    app = DocumentedApi(
        title="Wand Orchestrator",
        description=DESCRIPTION,
        version=version("wand-orchestrator"),
        license_info={"name": "MIT", "identifier": "MIT"},
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.state.services = Services.build(settings, client, store, registry, artifacts, feed)
    app.state.bodies = BodyBudget(BUDGET_BYTES)
    app.state.messages = BodyBudget(MESSAGES_BYTES)
    problems.install(app)
    add_docs_pages(app)
    add_page(app)
    app.include_router(health.router)
    app.include_router(hooks.receipts)
    app.include_router(links.router)
    app.include_router(runs.starts, dependencies=[Depends(documented_key)])
    for routes in (
        catalog,
        graphs,
        files,
        runs,
        events,
        steering,
        approvals,
        usage,
        artifacts_router,
        schedules,
        hooks,
    ):
        app.include_router(routes.router, dependencies=[Depends(documented_key)])
    _add_middleware(app, settings)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add the middleware; what is added later sees a request earlier."""
    app.add_middleware(EncodedIds)
    origins = settings.cors_origin_list
    if settings.api_key is not None:
        app.add_middleware(ApiKeyGuard, key=settings.api_key.get_secret_value())
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "DELETE"),
            allow_headers=(HEADER, "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer"),
            expose_headers=("Location", "Retry-After", "Allow", "Preference-Applied"),
        )
    if settings.api_key is None:
        app.add_middleware(BrowserGuard, hosts=settings.allowed_host_list, origins=origins)
    app.add_middleware(HeadAsGet)
    app.add_middleware(AccessLog)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    supervising = asyncio.create_task(services.supervision.run(), name="keeps the background tasks running")
    try:
        yield
    finally:
        await end_streams(app)
        supervising.cancel()
        with suppress(asyncio.CancelledError):
            await supervising
        await services.mcp.close()


async def end_streams(app: FastAPI) -> None:
    """End the streams of an application that is about to stop: a server waits for its open responses first."""
    services: Services = app.state.services
    await services.relay.close()
