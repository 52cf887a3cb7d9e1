"""The application: what it is made of, and what lives as long as it does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import Depends, FastAPI
from temporalio.client import Client

from api import problems
from api.access_log import AccessLog
from api.auth import ApiKeyGuard, documented_key
from api.dependencies import Services
from api.openapi import DocumentedApi
from api.routers import artifacts as artifacts_router
from api.routers import catalog, events, graphs, health, runs, schedules, steering
from wand_orchestrator.artifacts import ArtifactStore
from wand_orchestrator.feed import Feed
from wand_orchestrator.registry import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store

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
    feed: Feed | None = None,
) -> FastAPI:
    """The application over what the caller has opened, and closes. `feed`: of a worker in this process."""
    app = DocumentedApi(
        title="Wand Orchestrator",
        description=DESCRIPTION,
        version=version("wand-orchestrator"),
        license_info={"name": "MIT", "identifier": "MIT"},
        lifespan=_lifespan,
        separate_input_output_schemas=False,
    )
    app.state.settings = settings
    app.state.services = Services.build(settings, client, store, registry, artifacts, feed)
    problems.install(app)
    app.include_router(health.router)
    for routes in (catalog, graphs, runs, events, steering, artifacts_router, schedules):
        app.include_router(routes.router, dependencies=[Depends(documented_key)])
    if settings.api_key is not None:
        app.add_middleware(ApiKeyGuard, key=settings.api_key.get_secret_value())
    app.add_middleware(AccessLog)
    return app


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


async def end_streams(app: FastAPI) -> None:
    """End the streams of an application that is about to stop: a server waits for its open responses first."""
    services: Services = app.state.services
    await services.relay.close()
