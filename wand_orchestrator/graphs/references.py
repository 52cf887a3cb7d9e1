"""Resolves references: values in the `params` and the `input` of a node that are known only in a run.

    {"$input": "<JMESPath over the run's input>"}
    {"$expr": "<JMESPath over the node's own input>"}
    {"$template": "<text with {{ JMESPath over the node's own input }}>"}
    {"$literal": <a value that is taken as it stands, whatever is in it>}

A reference is an object with this one key. It is replaced once: what it gives is a value, and no reference, whatever is
in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.expressions import ExpressionError, evaluate
from wand_orchestrator.graphs.templates import Placeholder, rendered, template_parts

INPUT_KEY, EXPR_KEY, TEMPLATE_KEY, LITERAL_KEY = "$input", "$expr", "$template", "$literal"
REFERENCE_KEYS = (INPUT_KEY, EXPR_KEY, TEMPLATE_KEY, LITERAL_KEY)
OWN_KEYS = frozenset({EXPR_KEY, TEMPLATE_KEY})
"""Of references that look at the node's own input."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Contains what references see: the run's input, the node's own input, and the run's clock."""

    run_input: Any
    own: Any = None
    now: datetime | None = None


def reference_key(value: Any) -> str | None:
    """Return the key of a reference; None for a value that is no reference."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    [(key, told)] = value.items()
    if key == LITERAL_KEY or (key in REFERENCE_KEYS and isinstance(told, str)):
        return str(key)
    return None


def is_reference(value: Any) -> bool:
    """Return whether the value is a reference whose value is not known before a run; that of a `$literal` is known."""
    return reference_key(value) not in (None, LITERAL_KEY)


def references_in(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the key and the text of every reference in the value, except within a `$literal`."""
    key = reference_key(value)
    if key is not None:
        if key != LITERAL_KEY:
            yield key, value[key]
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from references_in(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from references_in(child)


def expressions_of(key: str, text: str) -> list[str]:
    """Return the expressions of a reference with this key and this text; none of an invalid template."""
    if key != TEMPLATE_KEY:
        return [text]
    try:
        return [part.expression for part in template_parts(text) if isinstance(part, Placeholder)]
    except ExpressionError:
        return []


def looks_at_own_input(value: Any) -> bool:
    """Return whether the value contains a reference to the node's own input."""
    return any(key in OWN_KEYS for key, _ in references_in(value))


def resolve(value: Any, scope: Scope, budget: Budget | None = None) -> Any:
    """Return the value with all references in it resolved. They share one budget. Raises ExpressionError."""
    budget = budget or Budget()
    match reference_key(value):
        case "$input":
            return evaluate(value[INPUT_KEY], scope.run_input, budget, scope.now)
        case "$expr":
            return evaluate(value[EXPR_KEY], scope.own, budget, scope.now)
        case "$template":
            return rendered(value[TEMPLATE_KEY], scope.own, budget, scope.now)
        case "$literal":
            return value[LITERAL_KEY]
    if isinstance(value, Mapping):
        return {key: resolve(child, scope, budget) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(child, scope, budget) for child in value]
    return value
