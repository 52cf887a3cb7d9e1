"""Databases for the tests, each test an empty one of its own on SQLite and on PostgreSQL; and a service for all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.integration.service import Service, running_service
from tests.postgres import PostgresServer
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
