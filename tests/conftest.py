"""What tests of several folders share: one Temporal server and one PostgreSQL for the whole session."""

import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.bytecode import keep_bytecode
from tests.postgres import PostgresServer
from wand_orchestrator.cli.processes.dev_server import embedded_temporal
from wand_orchestrator.cli.processes.garbage import look_seldom

ENSURE_CHROMIUM = Path(__file__).parents[1] / "scripts" / "ensure-chromium"

# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("wand", deadline=None)
settings.load_profile("wand")


def pytest_configure() -> None:
    """A shell's background job ignores Ctrl-C, and so would every program that the tests start and interrupt."""
    keep_bytecode()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """As `wand dev` does. Looking through all that the tests import takes a good part of a second on a busy machine, in
    whichever thread makes one object too many; and a step of a workflow has 2 s."""
    look_seldom()


@pytest.fixture(scope="session")
async def temporal_env() -> AsyncIterator[WorkflowEnvironment]:
    """The real server, tuned as `wand dev` starts it, in memory."""
    async with embedded_temporal(ui=False) as environment:
        yield environment


@pytest.fixture(scope="session")
def temporal_client(temporal_env: WorkflowEnvironment) -> Client:
    return temporal_env.client


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = subprocess.run([ENSURE_CHROMIUM], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.skip(f"no Chromium here, and it could not be installed: {found.stderr.strip()}")
    return found.stdout.strip()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server
