"""Defines what every node of a graph may be told besides its params and its input."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import BaseModel
from typing_extensions import TypedDict

from wand_orchestrator.builder.node_handle import EdgeFrom, NodeHandle
from wand_orchestrator.graph import Execution, Join, Retry, RetryRule

AfterOne: TypeAlias = EdgeFrom | NodeHandle[Any]
After: TypeAlias = AfterOne | Sequence[AfterOne]
"""The nodes, or edges from them, that a node comes after."""


class NodeOptions(TypedDict, total=False):
    """Keys of a node of a graph, as in docs/graphs.md. `after`: the nodes that it follows, beside those whose values it
    is given: `after=review`, `after=[draft, review.when(review.out.publish)]`.
    """

    after: After
    timeout_sec: float
    retries: int
    retry: Retry | Sequence[RetryRule]
    optional: bool
    join: Join
    queue: str
    rate: str
    heartbeat_sec: float
    execution: Execution
    takes: Sequence[str] | Mapping[str, Sequence[str]]


def edges_of(after: After) -> list[EdgeFrom]:
    listed = [after] if isinstance(after, EdgeFrom | NodeHandle) else after
    return [each if isinstance(each, EdgeFrom) else EdgeFrom(each.id) for each in listed]


def as_document(value: Any) -> Any:
    """Return a model of the graph, or a list of them, as JSON with what was set in it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return [as_document(each) for each in value] if isinstance(value, list | tuple) else value
