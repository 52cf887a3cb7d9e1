"""Builds requests from what a program gives: graphs in any form, and terms that may be left out."""

import re
import uuid
from collections.abc import Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from wand_orchestrator.errors import BadRequest
from wand_orchestrator.graph import Graph

PictureFormat = Literal["svg", "mermaid"]

GRAPH_ID = re.compile("g_[0-9a-f]{32}")


@runtime_checkable
class HasDocument(Protocol):
    """A graph that can be written as a document, such as a builder of graphs."""

    def to_document(self) -> Mapping[str, Any]: ...


GraphLike = Mapping[str, Any] | Graph | HasDocument


def document_of(graph: GraphLike) -> dict[str, Any]:
    """Return the JSON document of a graph."""
    if isinstance(graph, Graph):
        return graph.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return dict(graph if isinstance(graph, Mapping) else graph.to_document())


def graph_part(graph: str | GraphLike, version: int | None = None) -> dict[str, Any]:
    """Return the part of a request that names a graph: a stored one by id or name, or a document. Raises BadRequest."""
    if isinstance(graph, str) and not GRAPH_ID.fullmatch(graph):
        return given(graph_name=graph, version=version)
    if version is not None:
        raise BadRequest("`version` belongs to the name of a stored graph")
    return {"graph_id": graph} if isinstance(graph, str) else {"graph": document_of(graph)}


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def key_header(key: str | None) -> dict[str, str]:
    """Return the header that makes a repeated start give the same run; without `key`, a new one."""
    return {"Idempotency-Key": key or uuid.uuid4().hex}
