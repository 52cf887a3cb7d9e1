"""The embedded Temporal server: the `temporal` binary, started through the SDK and tuned for one machine.

The stock development server has one shard, whose queue processors poll at most 20 times a second; every step of a run
waits for that. The figures behind the tuning are in docs/decisions/embedded-server.md.
"""

import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from wand_orchestrator.contract import SEARCH_ATTRIBUTES
from wand_orchestrator.temporal import DATA_CONVERTER

POLLS_PER_SECOND = 2000
_DYNAMIC_CONFIG = (
    "history.transferProcessorMaxPollRPS",
    "history.timerProcessorMaxPollRPS",
    "history.visibilityProcessorMaxPollRPS",
)
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")


def binary() -> str | None:
    """The `temporal` of this environment, else of the path; None: the SDK downloads one."""
    beside = Path(sys.executable).with_name("temporal")
    return str(beside) if beside.exists() else shutil.which("temporal")


@asynccontextmanager
async def embedded_temporal(
    *,
    port: int | None = None,
    ui_port: int | None = None,
    ui: bool = True,
    database: Path | None = None,
    extra_args: Sequence[str] = (),
) -> AsyncIterator[WorkflowEnvironment]:
    """A running server on loopback; None for a port is a free one, None for the database is memory."""
    tuning = [f"--dynamic-config-value={name}={POLLS_PER_SECOND}" for name in _DYNAMIC_CONFIG]
    pragmas = [f"--sqlite-pragma={pragma}" for pragma in _PRAGMAS] if database else []
    environment = await WorkflowEnvironment.start_local(
        data_converter=DATA_CONVERTER,
        port=port,
        ui=ui,
        ui_port=ui_port,
        search_attributes=SEARCH_ATTRIBUTES,
        dev_server_existing_path=binary(),
        dev_server_database_filename=str(database) if database else None,
        dev_server_log_level="error",
        dev_server_extra_args=[*tuning, *pragmas, *(["--ui-disable-news-fetch"] if ui else []), *extra_args],
    )
    async with environment:
        yield environment
