"""Databases for the tests, each test an empty one of its own on SQLite and on PostgreSQL; and a service for all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.histories.record import SUGGEST_NEW_HISTORY
from tests.integration.service import Service, running_service
from tests.postgres import PostgresServer
from wand_orchestrator.cli.processes.dev_server import embedded_temporal
from wand_orchestrator.storage import Store

WEBHOOK_SECRET = "whsec_" + "Wand".ljust(40, "0")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'wand.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = Store.open(database_url)
    await store.migrate()
    yield store
    await store.close()


@pytest.fixture(scope="session")
async def service(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """API and worker in one process, with the built-in agents and those of the tests."""
    folder = tmp_path_factory.mktemp("service")
    async with running_service(
        temporal_client, folder, fetch_allow="127.0.0.1", webhook_secret=WEBHOOK_SECRET
    ) as running:
        yield running


@pytest.fixture(scope="session")
async def short_histories() -> AsyncIterator[WorkflowEnvironment]:
    """A server that suggests a new history at 60 events."""
    extra_args = ("--dynamic-config-value", SUGGEST_NEW_HISTORY)
    async with embedded_temporal(ui=False, extra_args=extra_args) as environment:
        yield environment
