"""Checks a posted graph against the agents and the limits of this service, and the input of a run against its graph,
without holding other callers up."""

from collections.abc import Mapping
from typing import Any

import anyio.to_thread

from wand_orchestrator.api.tools.worker_tools import McpAnswer, WorkerTools, mcp_types_in
from wand_orchestrator.errors import GraphFaults
from wand_orchestrator.graph import Graph
from wand_orchestrator.models.model_catalog import ModelCatalog
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage.subgraphs import Subgraphs
from wand_orchestrator.validation import Checked, Fault, Known, check_graph
from wand_orchestrator.validation.input_schema import admitted

MAX_CHECKS = 2
"""Graphs that are checked at once. Each check is in a thread, as a small graph may take long, too; more threads would
only take the interpreter from the event loop."""


class GraphCheck:
    def __init__(self, registry: Registry, settings: Settings, subgraphs: Subgraphs, mcp: WorkerTools) -> None:
        self._registry = registry
        self._settings = settings
        self._subgraphs = subgraphs
        self._known = Known(tools=registry.tools, model_fault=ModelCatalog.load(settings).fault)
        self._mcp = mcp
        self._limiter = anyio.CapacityLimiter(MAX_CHECKS)

    async def check(self, document: Mapping[str, Any]) -> Checked:
        """Return the graph with its warnings, or all of its faults.

        The stored graphs that it names are found after the graph itself is without a fault, and it is checked again
        with them. Workers are asked for the tools of their MCP servers if it names some.
        """
        names = mcp_types_in(document)
        mcp = await self._mcp.known(names) if names else McpAnswer()
        checked = await self._in_thread(document, {}, mcp)
        if checked.graph is None:
            return checked
        try:
            children = await self._subgraphs.of(checked.graph)
        except GraphFaults as error:
            faults = tuple(Fault(each.pointer, each.code, each.message) for each in error.faults)
            return Checked(None, faults, checked.warnings)
        return await self._in_thread(document, children, mcp) if children else checked

    async def require(self, document: Mapping[str, Any]) -> tuple[Graph, tuple[Fault, ...]]:
        """Return the graph and its warnings. Raises GraphFaults."""
        checked = await self.check(document)
        if checked.graph is None or checked.faults:
            raise GraphFaults(checked.faults)
        return checked.graph, checked.warnings

    async def admit(self, graph: Graph, input: Any) -> Any:
        """Return the input of a run of this graph, with its defaults filled in. Raises InputFaults."""
        if graph.input_schema is None:
            return input
        return await anyio.to_thread.run_sync(admitted, graph.input_schema, input, limiter=self._limiter)

    async def _in_thread(self, document: Mapping[str, Any], children: Mapping[str, Graph], mcp: McpAnswer) -> Checked:
        return await anyio.to_thread.run_sync(self._check, document, children, mcp, limiter=self._limiter)

    def _check(self, document: Mapping[str, Any], children: Mapping[str, Graph], mcp: McpAnswer) -> Checked:
        return check_graph(
            document,
            {**self._registry.agents, **mcp.agents},
            max_nodes=self._settings.max_nodes,
            max_edges=self._settings.max_edges,
            rates=self._settings.rate_table,
            children=children,
            known=self._known,
            mcp=mcp.servers,
        )
