"""Defines a run that is to be started: its row, and the graphs that it uses as they are now."""

from collections.abc import Mapping
from dataclasses import dataclass

from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Run


@dataclass(frozen=True)
class Launch:
    """Contains a run to start. `version`: of the graph, if it is known. `subgraphs`: by the name or id that refers to
    them.
    """

    run: Run
    graph: Graph
    version: int | None
    subgraphs: Mapping[str, Graph]
