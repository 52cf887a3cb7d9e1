"""Computes what a node is given when it starts: its params and its input, with the references in both resolved."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from wand_orchestrator.graph import Node
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.expressions import ExpressionError
from wand_orchestrator.graphs.references import (
    Scope,
    is_reference,
    looks_at_own_input,
    reference_key,
    resolve,
)

PARAMS, INPUT, ITEMS = "params", "input", "items"
_WITH_PARTS = frozenset(name for name, control in CONTROL_NODES.items() if control.names_agent)


@dataclass(frozen=True)
class NodeValues:
    params: dict[str, Any]
    input: dict[str, Any]


def node_values(node: Node, carried: dict[str, Any], scope: Scope, budget: Budget) -> NodeValues:
    """Return the values of a node; `carried`: what its edges carry. All references share one budget. Raises
    ExpressionError.

    What is given to the parts of a control node stays as it is written in the graph: see `for_parts`.
    """
    with _told_of(INPUT):
        own = _own_input(node.input, carried, scope, budget)
    later = for_parts(node)
    written = {key: value for key, value in node.params.items() if key not in later} if later else node.params
    with _told_of(PARAMS):
        params = resolve(written, replace(scope, own=own), budget)
    params = {**params, **later} if later else params
    return NodeValues(params, own if node.type in _WITH_PARTS else taken(node, node.type, own))


def for_parts(node: Node) -> dict[str, Any]:
    """Return the params that are resolved for each part of the node: each item of a map, each round of a repetition.

    Params of an agent that look only at the run's input are the same for all of them, and resolved with the node.
    """
    if node.type not in _WITH_PARTS or is_reference(node.params):
        return {}
    later = {INPUT: node.params[INPUT]} if INPUT in node.params else {}
    params = node.params.get(PARAMS)
    if looks_at_own_input(params):
        later[PARAMS] = params
    return later


def taken(node: Node, agent: str | None, input: dict[str, Any]) -> dict[str, Any]:
    """Return the input that the agent of the node gets: without the keys that only references use. `agent`: its name,
    None for a stored graph.
    """
    keys = node.takes.get(agent or "") if isinstance(node.takes, Mapping) else node.takes
    return input if keys is None else {key: value for key, value in input.items() if key in keys}


@contextmanager
def _told_of(part: str) -> Iterator[None]:
    try:
        yield
    except ExpressionError as error:
        raise type(error)(f"{part}: {error.message}", code=error.code) from error


def _own_input(given: Any, carried: dict[str, Any], scope: Scope, budget: Budget) -> dict[str, Any]:
    """Return the input with the node's own added: first values without references to the node's input, then those with
    one, which see the others.
    """
    if not given:
        return carried
    scope = replace(scope, own=carried)
    if reference_key(given) is not None:
        return _joined(carried, resolve(given, scope, budget))
    own = {key: value for key, value in given.items() if looks_at_own_input(value)}
    first = {key: value for key, value in given.items() if key not in own}
    known = _joined(carried, resolve(first, scope, budget) if first else {})
    return _joined(known, resolve(own, replace(scope, own=known), budget)) if own else known


def _joined(carried: dict[str, Any], given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ExpressionError("it must give an object, as the input of a node is one", code="invalid_input")
    if twice := sorted(carried.keys() & given.keys()):
        raise ExpressionError(f"{twice[0]!r} is there already: an edge maps it", code="invalid_input")
    return {**carried, **given}


def part_values(later: Mapping[str, Any], scope: Scope, budget: Budget) -> dict[str, Any]:
    """Return the values of one part: those of `for_parts` with their references resolved. Raises ExpressionError."""
    values = {}
    for key, written in later.items():
        with _told_of(key):
            values[key] = resolve(written, scope, budget)
            if not isinstance(values[key], dict):
                raise ExpressionError("it must give an object", code=f"invalid_{key}")
    return values


def seen_by_part(own: Mapping[str, Any], item: Any, index: int) -> dict[str, Any]:
    """Return what the references of a part see: the `item` with its own keys, its `index`, and the control node's
    input.
    """
    return {**own, **(item if isinstance(item, dict) else {}), "item": item, "index": index}
