"""Builds graphs in Python: nodes, edges and expressions that a type checker understands, written out as the document
that `POST /graphs` takes.

    g = GraphBuilder("page", input=PageInput)
    page = g.add(fetch, "page", params=given(FetchParams, url=g.input.url))
    g.transform("size", {"characters": f.length(page.out.body)})
    document = g.build()
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, overload

from typing_extensions import TypeVar

from wand_orchestrator.builder.llm_making import LlmMaking
from wand_orchestrator.builder.node_handle import NodeHandle, StartHandle
from wand_orchestrator.builder.node_options import as_document
from wand_orchestrator.builder.waiting_making import schema_of
from wand_orchestrator.errors import FaultLike, GraphFaults
from wand_orchestrator.graph import Graph, Options
from wand_orchestrator.models.model_catalog import ModelCatalog
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.validation import Known, check_graph

RunInputT = TypeVar("RunInputT", default=Any)


@dataclass(frozen=True)
class BuildFault:
    """A fault of a graph. `node`: the node at fault, or the one that the edge at fault leads to; empty if there is
    none. `place`: where in the program it was added, `graphs.py:12`.
    """

    pointer: str
    code: str
    message: str
    node: str
    place: str
    line: int | None = None
    column: int | None = None


class BuildFaults(GraphFaults):
    """The graph that a program built cannot run; each fault names the node and the line that added it."""

    def __init__(self, faults: "tuple[BuildFault, ...]") -> None:
        super().__init__(faults)
        self.faults: tuple[BuildFault, ...] = faults
        for fault in faults:
            told = f"{fault.node} ({fault.place}), {fault.pointer}" if fault.node else fault.pointer
            self.add_note(f"{told}: {fault.message} ({fault.code})")


class GraphBuilder(LlmMaking, Generic[RunInputT]):
    """Builds a graph. `input`: the type of a run's input, or its JSON Schema."""

    @overload
    def __init__(self, name: str, *, input: type[RunInputT], options: Options | None = None) -> None: ...
    @overload
    def __init__(
        self: "GraphBuilder[Any]", name: str, *, input: Mapping[str, Any] | None = None, options: Options | None = None
    ) -> None: ...
    def __init__(self, name: str, *, input: Any = None, options: Options | None = None) -> None:
        super().__init__()
        self.name = name
        self._options = options
        self._sinks: list[str] | None = None
        self._input_schema, input_type = schema_of(input)
        self.start: StartHandle[RunInputT] = StartHandle(input_type)
        """The run's input as the source of edges: `after=g.start.when(g.input.language == "de")`."""

    @property
    def input(self) -> RunInputT:
        """The input of a run."""
        return self.start.out

    def sinks(self, *nodes: NodeHandle[Any]) -> None:
        """Make the outputs of these nodes the result of a run. Without it, all nodes without an edge from them are."""
        self._sinks = [node.id for node in nodes]

    def to_document(self) -> dict[str, Any]:
        """Return the graph as the document that `POST /graphs` takes, unchecked."""
        document: dict[str, Any] = {"name": self.name}
        if self._input_schema is not None:
            document["input_schema"] = self._input_schema
        document["nodes"] = list(self.nodes)
        if self.edges:
            document["edges"] = list(self.edges)
        if self._options is not None:
            document["options"] = as_document(self._options)
        if self._sinks is not None:
            document["sinks"] = self._sinks
        return document

    def build(self, *, settings: Settings | None = None, graphs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Check the graph as `POST /graphs` does, by the agents of this process, and return its document.

        `graphs`: the stored graphs that it names, documents or builders, by name. Others are not looked for.
        Raises BuildFaults with every fault.
        """
        document = self.to_document()
        registry = _registry() if settings is None else Registry.load(settings)
        settings = settings or _own_settings()
        children = {name: Graph.model_validate(_document_of(graph)) for name, graph in (graphs or {}).items()}
        checked = check_graph(
            document,
            {**registry.agents, **self.agents},
            max_nodes=settings.max_nodes,
            max_edges=settings.max_edges,
            rates=settings.rate_table or None,
            children=children,
            known=Known(tools={**registry.tools, **self.tools}, model_fault=ModelCatalog.load(settings).fault),
        )
        if checked.faults:
            raise BuildFaults(tuple(self._placed(fault, document) for fault in checked.faults))
        return document

    def _placed(self, fault: FaultLike, document: Mapping[str, Any]) -> BuildFault:
        """Return the fault with the node that it is of."""
        found = re.match(r"/(nodes|edges)/(\d+)", fault.pointer)
        node = ""
        if found is not None:
            part = document[found[1]][int(found[2])]
            node = str(part["id"] if found[1] == "nodes" else part["to"])
        return BuildFault(fault.pointer, fault.code, fault.message, node, self.places.get(node, ""))


def _document_of(graph: Any) -> Any:
    return graph.to_document() if hasattr(graph, "to_document") else graph


@cache
def _own_settings() -> Settings:
    return Settings()


@cache
def _registry() -> Registry:
    return Registry.load(_own_settings())
