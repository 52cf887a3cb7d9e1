"""The client that a program holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from wand_orchestrator.client._async.approvals import AsyncApprovalCalls
from wand_orchestrator.client._async.connection import AsyncApiConnection
from wand_orchestrator.client._async.files import AsyncArtifactCalls, AsyncFileCalls
from wand_orchestrator.client._async.graphs import AsyncGraphCalls
from wand_orchestrator.client._async.hooks import AsyncHookCalls
from wand_orchestrator.client._async.runs import AsyncRunCalls, Files
from wand_orchestrator.client._async.schedules import AsyncScheduleCalls
from wand_orchestrator.client.address import address_of, key_headers
from wand_orchestrator.client.answers.catalog import AgentList, ToolList
from wand_orchestrator.client.answers.health import Health, Readiness
from wand_orchestrator.client.answers.runs import RunView
from wand_orchestrator.client.answers.usage import UsageReport
from wand_orchestrator.client.run_request import GraphLike

CONNECT_SEC = 5.0


class AsyncWand:
    """A client of one API of Wand.

    `url` and `api_key` default to WAND_URL and WAND_API_KEY. `retries`: how often a request is repeated while the API
    is away, if that does no harm. `timeout`: seconds that one answer may take. `transport` is httpx's, for a program
    that needs its own, such as with certificates of its own.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        retries: int = 3,
        timeout: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=address_of(url),
            headers=key_headers(api_key),
            timeout=httpx.Timeout(timeout, connect=CONNECT_SEC),
            transport=transport,
        )
        self._connection = AsyncApiConnection(self._http, retries)
        self.graphs = AsyncGraphCalls(self._connection)
        self.runs = AsyncRunCalls(self._connection)
        self.approvals = AsyncApprovalCalls(self._connection)
        self.artifacts = AsyncArtifactCalls(self._connection)
        self.files = AsyncFileCalls(self._connection)
        self.schedules = AsyncScheduleCalls(self._connection)
        self.hooks = AsyncHookCalls(self._connection)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @property
    def url(self) -> str:
        """The address of the API."""
        return self._connection.url

    @property
    def connection(self) -> AsyncApiConnection:
        """What the calls go through, for a route that has no call here."""
        return self._connection

    async def run_and_wait(
        self,
        graph: str | GraphLike,
        *,
        version: int | None = None,
        input: Any = None,
        files: Files | None = None,
        tags: Sequence[str] = (),
        webhook: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> RunView:
        """Start a run as `runs.start` does, and return it when it has succeeded; its `outputs` are those of its sinks.

        Raises RunFailed if it ends otherwise, and WaitTimeout after `timeout` seconds, while the run goes on.
        """
        started = await self.runs.start(
            graph,
            version=version,
            input=input,
            files=files,
            tags=tags,
            webhook=webhook,
            idempotency_key=idempotency_key,
        )
        return await self.runs.result(started.run_id, timeout=timeout)

    async def agents(self) -> AgentList:
        """Return the agents and control nodes that graphs can name, with their schemas."""
        return await self._connection.get(AgentList, "list_agents")

    async def tools(self) -> ToolList:
        """Return the tools that graphs can name, and the MCP servers of the workers."""
        return await self._connection.get(ToolList, "list_tools")

    async def usage(
        self,
        *,
        by: Sequence[str] = ("day",),
        graph: str | None = None,
        model: str | None = None,
        after: datetime | None = None,
        before: datetime | None = None,
        limit: int = 1000,
    ) -> UsageReport:
        """Return what model calls used, summed by `graph`, `model`, `day`, or several of them."""
        query = {
            "by": ",".join(by),
            "graph": graph,
            "model": model,
            "after": after and after.isoformat(),
            "before": before and before.isoformat(),
            "limit": limit,
        }
        return await self._connection.get(UsageReport, "get_usage", query=query)

    async def health(self) -> Health:
        """Return whether the process lives; it needs no key."""
        return await self._connection.get(Health, "get_health")

    async def ready(self) -> Readiness:
        """Return the state of the parts. Raises Unavailable, with the parts in `fields`, if one is not `ok`."""
        return await self._connection.get(Readiness, "get_readiness")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
