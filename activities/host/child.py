"""The host process: carries out invocations until its worker closes the channel.

Plain functions run in threads, async ones on the loop, which nothing else shares with them.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic import TypeAdapter

from wand_orchestrator.activities.host import confines
from wand_orchestrator.activities.host.blockage import Owners, invocation, watch
from wand_orchestrator.activities.host.frames import Frame, FrameReader, FrameWriter
from wand_orchestrator.activities.host.host_reports import HostedReports
from wand_orchestrator.activities.host.order import Order, settings_from
from wand_orchestrator.activities.models.model_services import ModelServices
from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure
from wand_orchestrator.activities.runner.calls import FOR_THE_INTERPRETER, Calls
from wand_orchestrator.activities.runner.context import Artifacts, Attempt
from wand_orchestrator.activities.runner.invocation import perform
from wand_orchestrator.contract.log_format import LOG_FORMAT
from wand_orchestrator.errors import WandError
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings

OUT_OF_MEMORY = "agent_out_of_memory"
FAILURE: TypeAdapter[AttemptFailure] = TypeAdapter(AttemptFailure)

log = logging.getLogger("wand.host")


def main(arguments: Sequence[str]) -> None:
    commands, reports, lifeline = (int(number) for number in arguments)
    confines.end_with_the_worker(lifeline)
    confines.go_first_when_memory_is_short()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    writer = FrameWriter(socket.socket(fileno=reports))
    serving = loop.create_task(_serve(socket.socket(fileno=commands), writer))
    while not serving.done():
        try:
            loop.run_until_complete(serving)
        except FOR_THE_INTERPRETER as error:
            # Raised in a task or a callback that an agent has left behind; whoever awaits it has it, too.
            log.error("An agent raised %s outside of its call", type(error).__name__, exc_info=error)
    serving.result()
    os._exit(0)


async def _serve(commands: socket.socket, writer: FrameWriter) -> None:
    loop = asyncio.get_running_loop()
    setup: asyncio.Future[Frame] = loop.create_future()
    over = asyncio.Event()
    reader = FrameReader(setup.set_result, over.set, sys.maxsize)
    transport, _ = await loop.create_connection(lambda: reader, sock=commands)
    try:
        invocations = _invocations(await setup, loop, writer)
    except WandError as error:
        writer.write({"kind": "unfit", "message": error.message})
    else:
        reader.on_frame = invocations.take
        writer.write({"kind": "ready"})
        await over.wait()  # what still runs then ends with the process
    transport.close()


def _invocations(setup: Frame, loop: asyncio.AbstractEventLoop, writer: FrameWriter) -> "Invocations":
    """Load the plug-ins and return the invocations. Raises PluginError, ConfigurationError."""
    settings = settings_from(setup["settings"])
    logging.basicConfig(level=setup["log_level"], format=LOG_FORMAT, stream=sys.stderr)
    registry = Registry.load(settings)
    artifacts = ArtifactStore.open(settings.effective_artifacts_url)
    confines.keep_what_was_imported()
    owners = Owners(loop)
    watch(loop, owners, writer)
    return Invocations(settings, registry, artifacts, owners, writer)


class Invocations:
    """The invocations in progress in this process, by the numbers that the worker gave them."""

    def __init__(
        self, settings: Settings, registry: Registry, artifacts: Artifacts, owners: Owners, writer: FrameWriter
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._models = ModelServices.load(settings, registry)
        self._artifacts = artifacts
        self._owners = owners
        self._writer = writer
        self._threads = ThreadPoolExecutor(4 * settings.max_concurrent_agents, thread_name_prefix="agent")
        self._calls: dict[int, Calls] = {}
        self._reports: dict[int, HostedReports] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, frame: Frame) -> None:
        id: int = frame["id"]
        if frame["kind"] == "cancel":
            if id in self._calls:
                self._calls[id].cancel()
            return
        if frame["kind"] == "pace":
            if id in self._reports:
                self._reports[id].pace(frame["sec"])
            return
        self._calls[id] = Calls(self._threads)
        task = asyncio.create_task(self._carry_out(id, Order.model_validate(frame["order"])))
        self._owners.add(task, id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, id: int, order: Order) -> None:
        invocation.set(id)
        calls = self._calls[id]
        reports = self._reports[id] = HostedReports(self._writer, id, order)
        try:
            ending = await self._ending(order, calls, reports)
            self._writer.write({**ending, "id": id, "dropped": reports.settle()})
        except Exception as error:  # of this module: the worker waits, and must hear of it
            log.exception("The ending of node %s of %s cannot be told", order.node_id, order.run_id)
            failure = AttemptFailure(type(error).__name__, "its ending cannot be told; the worker's log says why")
            self._writer.write({**_told(failure), "id": id, "dropped": 0})
        finally:
            del self._calls[id], self._reports[id]

    async def _ending(self, order: Order, calls: Calls, reports: HostedReports) -> Frame:
        try:
            return {"kind": "output", "output": await perform(self._attempt(order, calls, reports), order.call)}
        except (Exception, asyncio.CancelledError, *FOR_THE_INTERPRETER) as error:
            if calls.cancelled and isinstance(error, asyncio.CancelledError):
                return {"kind": "cancelled"}
            return _told(_failure(error))

    def _attempt(self, order: Order, calls: Calls, reports: HostedReports) -> Attempt:
        return Attempt(
            agent=self._registry.runnable[order.agent],
            reads=order.call.reads,
            run_id=order.run_id,
            node_id=order.node_id,
            number=order.number,
            idempotency_key=order.idempotency_key,
            calls=calls,
            reporter=reports,
            artifacts=self._artifacts,
            tools=self._registry.tools,
            settings=self._settings,
            models=self._models,
        )


def _told(failure: AttemptFailure) -> Frame:
    return {"kind": "failure", "failure": FAILURE.dump_python(failure, mode="json")}


def _failure(error: BaseException) -> AttemptFailure:
    if isinstance(error, MemoryError):
        message = "it asked for more memory than there is"
        return AttemptFailure(OUT_OF_MEMORY, message, traceback=error.__traceback__)
    return AttemptFailure.of(error)
