"""Reads JSON from a text: one document, or one for each line."""

import json
import re
from typing import Any

from wand_orchestrator.errors import AgentError
from wand_orchestrator.graphs.nesting import is_deeper

NOT_JSON = object()
"""What `read_json` gives of a text that is something else; null is a JSON value."""

DEEPEST = 500
"""Levels of lists and objects: what can be written again as the text of a cell."""

LONGEST_INTEGER = 4000
"""Digits; Python itself refuses a little more, and no such number can be reckoned with."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_BRACKETS = {"{": "}", "[": "]"}


def read_json(text: str) -> Any:
    """Return the value, with NaN and infinities as null; `NOT_JSON` if the text is not a JSON object or list.

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
    """Read JSON Lines (https://jsonlines.org), an object on each line."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        return NOT_JSON
    try:
        values = [_parse(line) for line in lines]
    except ValueError:
        return NOT_JSON
    return values if all(isinstance(value, dict) for value in values) else NOT_JSON


def whole_characters(text: str) -> str:
    """Return `text` with U+FFFD for every unpaired surrogate, which no encoding can express."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def without_halves(value: Any) -> Any:
    """Return a JSON value with `whole_characters` applied to its texts and keys."""
    try:
        written = json.dumps(value, ensure_ascii=False)
        written.encode()
    except UnicodeEncodeError:
        return json.loads(whole_characters(written))
    return value


def _parse(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=lambda constant: None, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if is_deeper(value, DEEPEST):
        raise ValueError("it is nested too deeply")
    return without_halves(value) if _HALF.search(text) else value


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_INTEGER else digits
