"""Parses and renders templates: text with `{{ JMESPath }}` in it.

A string is put in as it is, null as nothing, any other value as compact JSON. `{{ '{{' }}` writes `{{`; a `}}` that
closes nothing is text.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from wand_orchestrator.graphs.evaluation_budget import Budget, Exceeded
from wand_orchestrator.graphs.expressions import ExpressionError, ExpressionTooLarge, evaluate
from wand_orchestrator.graphs.json_values import NotJson
from wand_orchestrator.graphs.written_json import json_text

OPENING, CLOSING = "{{", "}}"

_STEPS_OF_A_PLACE = 8
_CHARACTERS_PER_STEP = 64

_TOKEN = re.compile(
    r"""[^'"`{}]+ | '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `(?:[^`\\]|\\.)*` | .""", re.DOTALL | re.VERBOSE
)
"""Of an expression: a quoted text or literal may hold braces, which close nothing."""


class Placeholder(NamedTuple):
    """An expression in a template."""

    expression: str


def template_parts(text: str) -> Iterator[str | Placeholder]:
    """Yield the texts and the expressions of a template, in order. Raises ExpressionError for a `{{` that nothing
    closes.
    """
    end = 0
    unclosed: set[str] = set()
    while (opened := text.find(OPENING, end)) >= 0:
        if opened > end:
            yield text[end:opened]
        closed = _closed(text, opened, unclosed)
        yield Placeholder(text[opened + len(OPENING) : closed].strip())
        end = closed + len(CLOSING)
    if end < len(text):
        yield text[end:]


def rendered(text: str, value: Any, budget: Budget, now: datetime | None = None) -> str:
    """Return the template with its expressions evaluated over `value`. Raises ExpressionError."""
    try:
        budget.take(len(text) // _CHARACTERS_PER_STEP)
        written = [
            part if isinstance(part, str) else _written(part, value, budget, now) for part in template_parts(text)
        ]
        budget.build_text(sum(map(len, written)))
    except Exceeded as error:
        raise ExpressionTooLarge(f"the template {error}: split the work over nodes, or select less") from error
    except NotJson as error:
        raise ExpressionError(f"the template {error}") from error
    return "".join(written)


def _written(place: Placeholder, value: Any, budget: Budget, now: datetime | None) -> str:
    budget.take(_STEPS_OF_A_PLACE)
    found = evaluate(place.expression, value, budget, now)
    if isinstance(found, str):
        text = found
    elif found is None:
        return ""
    else:
        return json_text(found, budget)
    budget.build_text(len(text))
    return text


def _closed(text: str, opened: int, unclosed: set[str]) -> int:
    """Return the index of the `}}` that closes the `{{` at `opened`. Raises ExpressionError.

    `unclosed`: quotes of which one was found that nothing closes, so that no later one is closed either: each is looked
    for once in a template, not once a quote.
    """
    depth = 0
    index = opened + len(OPENING)
    while index < len(text):
        if text[index] in unclosed:
            index += 1
            continue
        token = _TOKEN.match(text, index)
        assert token is not None  # the last branch takes any character
        match token[0]:
            case "'" | '"' | "`":
                unclosed.add(token[0])
            case "{":
                depth += 1
            case "}" if depth:
                depth -= 1
            case "}" if text.startswith(CLOSING, index):
                return index
        index = token.end()
    raise ExpressionError(f"the `{OPENING}` at character {opened + 1} of the template is not closed by `{CLOSING}`")
