"""What the API knows of the MCP servers of workers: it asks one, through Temporal, and keeps the answer for a while.

Servers are settings of the worker, which may be on another machine; so nothing of `WAND_MCP_CONFIG` is read here.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from wand_orchestrator._agent import Agent
from wand_orchestrator.api.tools.mcp_agents import McpAgents
from wand_orchestrator.contract.mcp import MCP_PREFIX, McpCatalogue, mcp_name
from wand_orchestrator.errors import WandError
from wand_orchestrator.validation.mcp_types import McpServersKnown

FRESH_ANSWER_SEC = 10.0
"""An answer is used again for so long."""

MISSED_SEC = 1.0
"""The same for who looks for a tool that is not in it: it may have come since."""

CALLER_WAITS_SEC = 5.0
"""A caller waits no longer; the answer that comes later serves the next one."""

LISTED_WITHIN_SEC = 90.0
"""A worker may have to start its servers first."""


@dataclass(frozen=True)
class McpAnswer:
    """What is known. `agents`: the tools as types of nodes. `unknown`: why nothing is known; empty if it is."""

    catalogue: McpCatalogue = field(default_factory=McpCatalogue)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    unknown: str = ""

    @property
    def servers(self) -> McpServersKnown:
        away = {server.name: server.error for server in self.catalogue.servers if server.error is not None}
        return McpServersKnown(frozenset(server.name for server in self.catalogue.servers), away, self.unknown)

    def lacks(self, names: Collection[str]) -> bool:
        """Return whether it does not have all of these types."""
        return bool(self.unknown) or any(name not in self.agents for name in names)


class WorkerTools:
    """`ask`: asks a worker, within the seconds given. Raises WandError."""

    def __init__(self, ask: Callable[[float], Coroutine[Any, Any, McpCatalogue]]) -> None:
        self._ask = ask
        self._agents = McpAgents()
        self._answer = McpAnswer(unknown="no worker was asked yet")
        self._answered_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def known(self, names: Collection[str] = ()) -> McpAnswer:
        """Return what is known of the servers. `names`: types that are looked for; an answer that lacks one is old
        sooner.
        """
        age = time.monotonic() - self._answered_at
        if age > (MISSED_SEC if self._answer.lacks(names) else FRESH_ANSWER_SEC):
            await self._refresh()
        return self._answer

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _refresh(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._take())
        with suppress(TimeoutError):
            async with asyncio.timeout(CALLER_WAITS_SEC):
                await asyncio.shield(self._asking)
                return
        self._keep(McpAnswer(unknown=f"no worker told of its MCP servers within {CALLER_WAITS_SEC:g} s"))

    async def _take(self) -> None:
        try:
            catalogue = await self._ask(LISTED_WITHIN_SEC)
        except WandError as error:
            self._keep(McpAnswer(unknown=error.message))
        else:
            self._keep(McpAnswer(catalogue, self._agents.of(catalogue)))

    def _keep(self, answer: McpAnswer) -> None:
        self._answer, self._answered_at = answer, time.monotonic()


def mcp_types_in(document: Any) -> frozenset[str]:
    """Return the types of the form `mcp.…` that the nodes of a document name, or the agents in their params."""
    nodes = _list(document.get("nodes")) if isinstance(document, Mapping) else []
    found = [name for node in nodes if isinstance(node, Mapping) for name in _named(node)]
    return frozenset(name for name in found if isinstance(name, str) and mcp_name(name) is not None)


def _named(node: Mapping[str, Any]) -> list[Any]:
    """Return all that may be a type; a tool of an `agent.llm` names its server alone."""
    params = node.get("params")
    if not isinstance(params, Mapping):
        return [node.get("type")]
    tools = [tool for tool in _list(params.get("tools")) if isinstance(tool, Mapping) and "mcp" in tool]
    return [
        node.get("type"),
        params.get("agent"),
        *_list(params.get("agents")),
        *(f"{MCP_PREFIX}{tool['mcp']}" for tool in tools),
    ]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
