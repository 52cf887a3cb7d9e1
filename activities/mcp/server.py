"""One MCP server of a worker: started or connected when it is first needed, kept, and opened anew once it has ended."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, Implementation, ToolListChangedNotification

from wand_orchestrator.activities.mcp.config import ServerConfig, StdioServer
from wand_orchestrator.activities.mcp.failures import (
    call_failed,
    call_lost,
    call_refused,
    is_of_the_request,
    not_opened,
    unavailable,
)
from wand_orchestrator.activities.mcp.http_client import Unanswered, noting_refusals
from wand_orchestrator.activities.mcp.mcp_limits import CLOSING_SEC, FRESH_SEC, OPENING_SEC
from wand_orchestrator.activities.mcp.server_log import ServerLog
from wand_orchestrator.activities.mcp.tool_list import tools_of
from wand_orchestrator.activities.mcp.transports import opened
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.contract.mcp import McpTools
from wand_orchestrator.errors import AgentError

Answer = TypeVar("Answer")


@dataclass(eq=False)
class Connection:
    """An open session with a server. `over` is set when it is to end, `closed` when it has ended. `failure`: why."""

    client: Client
    over: asyncio.Event
    ends_with_its_process: bool
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    failure: AgentError | None = None
    tools: McpTools | None = None
    listed_at: float = 0.0
    changed: bool = False


class McpServer:
    """A server of this worker. All calls share one connection; over stdio, one process.

    A connection lives in a task of its own, as the SDK wants it opened and closed in the same one.
    """

    def __init__(self, config: ServerConfig, mask: Mask, fresh_sec: float = FRESH_SEC) -> None:
        self.config = config
        self.mask = mask
        self._fresh_sec = fresh_sec
        self._log = ServerLog(config.name, mask)
        self._current: Connection | None = None
        self._opening: asyncio.Task[Connection] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._listing = asyncio.Lock()

    async def connection(self) -> Connection:
        """Return an open connection, and open one if there is none. Raises AgentError `mcp_server_unavailable`."""
        if self._current is not None and not self._current.over.is_set():
            return self._current
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(self._opened)
        return await asyncio.shield(self._opening)

    async def tools(self, connection: Connection) -> McpTools:
        """Return the tools as the server describes them now, or did so a few seconds ago. Raises AgentError."""
        async with self._listing:
            is_old = time.monotonic() - connection.listed_at > self._fresh_sec
            if connection.tools is None or connection.changed or is_old:
                connection.listed_at, connection.changed = time.monotonic(), False
                listing = tools_of(connection.client.session, self.config, self.mask)
                connection.tools = await self.answer(connection, "tools/list", listing)
            return connection.tools

    async def answer(self, connection: Connection, what: str, asking: Coroutine[Any, Any, Answer]) -> Answer:
        """Return what a request over the connection gives. `what`: a tool, or a method. Raises AgentError."""
        with noting_refusals() as refusals:
            try:
                return await asking
            except MCPError as error:
                raise await self._failure(connection, what, error, refusals) from None

    async def _failure(
        self, connection: Connection, what: str, error: MCPError, refusals: Sequence[Unanswered]
    ) -> AgentError:
        name = self.config.name
        if refusals and not (refusals[-1].answered and is_of_the_request(error)):
            if refusals[-1].ends_the_session:
                connection.over.set()
            return call_refused(name, what, refusals[-1])
        if error.code == CONNECTION_CLOSED and (why := await _why_ended(connection)) is not None:
            return call_lost(name, what, why.message)
        return call_failed(name, what, error, self.mask)

    async def close(self) -> None:
        """End the connection, and with it a process; returns when it has ended."""
        tasks = [task for task in (self._opening, self._keeper) if task is not None]
        if self._current is not None:
            self._current.over.set()
        if self._opening is not None:
            self._opening.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _opened(self, opening: "asyncio.Task[Connection]") -> None:
        self._opening = None
        if not opening.cancelled():
            opening.exception()  # told to those who wait, who may all have left

    async def _open(self) -> Connection:
        if self._keeper is not None:
            await asyncio.gather(self._keeper, return_exceptions=True)  # of the connection before, which is over
        ready: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep(ready))
        try:
            async with asyncio.timeout(OPENING_SEC):
                self._current = await asyncio.shield(ready)
                return self._current
        except TimeoutError:
            raise unavailable(self.config.name, f"it opened no session within {OPENING_SEC:g} s") from None
        finally:
            if not ready.done() or ready.cancelled() or ready.exception() is not None:
                self._keeper.cancel()
                with suppress(asyncio.CancelledError):
                    await self._keeper

    async def _keep(self, ready: "asyncio.Future[Connection]") -> None:
        """Hold a connection open until it is over, and tell why it ended or could not be opened."""
        log = self._log = ServerLog(self.config.name, self.mask)
        over = asyncio.Event()
        failure = None
        try:
            with noting_refusals() as refusals:
                await self._hold(ready, over, log)
        except Exception as error:
            failure = not_opened(self.config.name, error, refusals, log.last_words)
        failure = failure or unavailable(self.config.name, log.last_words or "it closed the connection")
        if not ready.done():
            ready.set_exception(failure)
        elif not ready.cancelled() and ready.exception() is None:
            _end(ready.result(), failure)

    async def _hold(self, ready: "asyncio.Future[Connection]", over: asyncio.Event, log: ServerLog) -> None:
        async with Client(
            opened(self.config, log, over.set),
            message_handler=self._take,
            client_info=Implementation(name="wand-orchestrator", version="1"),
            cache=None,
        ) as client:
            if not ready.done():
                ready.set_result(Connection(client, over, isinstance(self.config.transport, StdioServer)))
            await over.wait()

    async def _take(self, message: object) -> None:
        """Note that the list of tools has changed, and tell of what is no message of MCP."""
        if isinstance(message, Exception):
            self._log.tell(f"sends what is no message of MCP ({type(message).__name__})")
        if isinstance(message, ToolListChangedNotification) and self._current is not None:
            self._current.changed = True


def _end(connection: Connection, failure: AgentError) -> None:
    connection.over.set()
    connection.failure = failure
    connection.closed.set()


async def _why_ended(connection: Connection) -> AgentError | None:
    """Return why the connection ended; None if only a call did. Calls in flight hear of it before that is known."""
    if connection.ends_with_its_process:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SEC):
                await connection.closed.wait()
    return connection.failure
