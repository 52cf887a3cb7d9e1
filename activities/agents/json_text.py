"""JSON in a text: a document, or one a line."""

import json
from typing import Any

from wand_orchestrator.errors import AgentError

NOT_JSON = object()
"""What `read_json` gives of a text that is something else; null is a JSON value."""

_BRACKETS = {"{": "}", "[": "]"}


def read_json(text: str) -> Any:
    """The value, with NaN and infinities as null; `NOT_JSON` if the text is no JSON object or list.

    Raises AgentError `invalid_json` for a text between a pair of brackets that does not parse.
    """
    bare = text.strip()
    if bare[:1] not in _BRACKETS:
        return NOT_JSON
    try:
        return _parse(bare)
    except ValueError as error:
        lines = _read_lines(bare)
        if lines is not NOT_JSON or not bare.endswith(_BRACKETS[bare[0]]):
            return lines
        raise AgentError(
            f"the text looks like JSON and does not parse: {error}", code="invalid_json", retryable=False
        ) from error


def _read_lines(text: str) -> Any:
    """JSON Lines (https://jsonlines.org): an object on each line."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return NOT_JSON
    try:
        values = [_parse(line) for line in lines]
    except ValueError:
        return NOT_JSON
    return values if all(isinstance(value, dict) for value in values) else NOT_JSON


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda constant: None)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
