"""The client that a program holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from wand_orchestrator.client._sync.approvals import ApprovalCalls
from wand_orchestrator.client._sync.connection import ApiConnection
from wand_orchestrator.client._sync.files import ArtifactCalls, FileCalls
from wand_orchestrator.client._sync.graphs import GraphCalls
from wand_orchestrator.client._sync.hooks import HookCalls
from wand_orchestrator.client._sync.runs import Files, RunCalls
from wand_orchestrator.client._sync.schedules import ScheduleCalls
from wand_orchestrator.client.address import address_of, key_headers
from wand_orchestrator.client.answers.catalog import AgentList, ToolList
from wand_orchestrator.client.answers.health import Health, Readiness
from wand_orchestrator.client.answers.runs import RunView
from wand_orchestrator.client.answers.usage import UsageReport
from wand_orchestrator.client.run_request import GraphLike

CONNECT_SEC = 5.0


class Wand:
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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=address_of(url),
            headers=key_headers(api_key),
            timeout=httpx.Timeout(timeout, connect=CONNECT_SEC),
            transport=transport,
        )
        self._connection = ApiConnection(self._http, retries)
        self.graphs = GraphCalls(self._connection)
        self.runs = RunCalls(self._connection)
        self.approvals = ApprovalCalls(self._connection)
        self.artifacts = ArtifactCalls(self._connection)
        self.files = FileCalls(self._connection)
        self.schedules = ScheduleCalls(self._connection)
        self.hooks = HookCalls(self._connection)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @property
    def url(self) -> str:
        """The address of the API."""
        return self._connection.url

    @property
    def connection(self) -> ApiConnection:
        """What the calls go through, for a route that has no call here."""
        return self._connection

    def run_and_wait(
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
        started = self.runs.start(
            graph,
            version=version,
            input=input,
            files=files,
            tags=tags,
            webhook=webhook,
            idempotency_key=idempotency_key,
        )
        return self.runs.result(started.run_id, timeout=timeout)

    def agents(self) -> AgentList:
        """Return the agents and control nodes that graphs can name, with their schemas."""
        return self._connection.get(AgentList, "list_agents")

    def tools(self) -> ToolList:
        """Return the tools that graphs can name, and the MCP servers of the workers."""
        return self._connection.get(ToolList, "list_tools")

    def usage(
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
        return self._connection.get(UsageReport, "get_usage", query=query)

    def health(self) -> Health:
        """Return whether the process lives; it needs no key."""
        return self._connection.get(Health, "get_health")

    def ready(self) -> Readiness:
        """Return the state of the parts. Raises Unavailable, with the parts in `fields`, if one is not `ok`."""
        return self._connection.get(Readiness, "get_readiness")

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
