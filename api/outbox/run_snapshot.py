"""Builds the input of a run's workflow: what its row holds, with the graphs that it takes along.

Of a stored graph, which may have thousands of nodes, it is written once and not once for each run.
"""

from collections.abc import Mapping

from wand_orchestrator._agent import Agent
from wand_orchestrator.api.graphs.cache import Recent
from wand_orchestrator.api.temporal.launch import Launch
from wand_orchestrator.contract.limits import RunLimits
from wand_orchestrator.contract.run import (
    RunInput,
)
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.prepared import prepared

KEPT_BYTES = 32 * 1024**2


class Snapshots:
    def __init__(self, agents: Mapping[str, Agent], limits: RunLimits) -> None:
        self._agents = agents
        self._limits = limits
        self._texts: Recent[bytes] = Recent(KEPT_BYTES, len)

    def input_of(self, launch: Launch) -> bytes:
        """Return a RunInput as JSON, without unset fields."""
        run = launch.run
        document = RunInput(
            graph=launch.graph,
            graph_id=run.graph_id,
            created_at=run.created_at,
            subgraphs={name: self._resolved(graph) for name, graph in launch.subgraphs.items()},
            limits=self._limits,
            **run.terms.said(),
        )
        rest = document.model_dump_json(by_alias=True, exclude_unset=True, exclude={"graph"}).encode()
        input = run.input_json.encode()
        return b"".join((b'{"graph":', self._text(launch), b',"input":', input, b",", rest.removeprefix(b"{")))

    def _text(self, launch: Launch) -> bytes:
        """Return the graph as JSON, cached for stored graphs. Without a version the graph may differ from the stored
        one of this id.
        """
        key = launch.run.graph_id
        if key is None or launch.version is None:
            return _json(self._resolved(launch.graph))
        text = self._texts.get(key)
        if text is None:
            text = _json(self._resolved(launch.graph))
            self._texts.keep(key, text)
        return text

    def _resolved(self, graph: Graph) -> Graph:
        return prepared(graph, self._agents)


def _json(graph: Graph) -> bytes:
    return graph.model_dump_json(by_alias=True, exclude_unset=True).encode()
