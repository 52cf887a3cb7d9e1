"""Models of what the API answers about graphs."""

from datetime import datetime
from typing import Any

from pydantic import Field

from wand_orchestrator.client.answers.answer import Answer, RunStatusText


class ProblemFault(Answer):
    """A fault in a request. `pointer`: a JSON pointer (RFC 6901) into the body, into the graph or the input that it
    brings, or the name of a parameter.
    """

    pointer: str
    code: str
    message: str
    line: int | None = None
    column: int | None = None


class GraphCreated(Answer):
    """A graph that was stored."""

    graph_id: str
    name: str
    version: int
    warnings: list[ProblemFault] = Field(default_factory=list)


class GraphChecked(Answer):
    """The faults of a document that was checked."""

    valid: bool
    faults: list[ProblemFault]
    warnings: list[ProblemFault]
    document: Any = None


class GraphSummary(Answer):
    """A version of a graph in a list."""

    graph_id: str
    name: str
    version: int
    created_at: datetime


class GraphView(GraphSummary):
    """A version of a graph with its document."""

    graph: dict[str, Any]


class GraphPage(Answer):
    """A page of graphs, newest first. `next`: the `cursor` of the next page; null on the last."""

    graphs: list[GraphSummary]
    next: str | None = None


class NamedRun(Answer):
    """The last run of any version of a name."""

    run_id: str
    status: RunStatusText
    created_at: datetime


class NamedGraph(Answer):
    """A name of stored graphs. `versions`: how many there are; deleted ones do not count."""

    name: str
    newest: GraphSummary
    versions: int
    last_run: NamedRun | None = None


class GraphNamePage(Answer):
    """A page of names, in alphabetical order. `next`: the `cursor` of the next page; null on the last."""

    names: list[NamedGraph]
    next: str | None = None
