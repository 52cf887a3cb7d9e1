"""Checks what any JSON document must satisfy before it is checked as a graph: bounded, and fit to be stored.

Everything here is iterative: a document cannot exhaust the stack.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

from wand_orchestrator.graphs.json_values import MAX_INTEGER_BITS
from wand_orchestrator.graphs.nesting import is_deeper
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.phrases import shortened
from wand_orchestrator.validation.pointer import Path, label

MAX_DEPTH = 64
"""Levels of lists and objects in a graph document."""

_CONTAINERS = (dict, list, tuple)

Link = tuple["Link | None", str | int]


def check_document(document: Any, findings: Findings) -> bytes | None:
    """Return the document as JSON; None if its faults prevent that."""
    if is_deeper(document, MAX_DEPTH):
        _report_depth(document, findings)
        return None
    try:
        encoded = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:  # UnicodeEncodeError is a ValueError
        _report_values(document, findings)
        if not findings.faults:
            findings.fault((), Code.UNSTORABLE_VALUE, f"the document is not JSON: {shortened(str(error))}")
        return None
    if b"\\u0000" in encoded:
        _report_values(document, findings)
    return None if findings.faults else encoded


def _report_depth(document: Any, findings: Findings) -> None:
    """Name the first place that lies too deep."""
    for link, value in _walk(document):
        path = _path(link)
        if len(path) == MAX_DEPTH and isinstance(value, _CONTAINERS):
            message = f"{label(path)} is nested in more than {MAX_DEPTH} levels: flatten the document"
            findings.fault(path, Code.TOO_DEEP, message)
            return


def _report_values(document: Any, findings: Findings) -> None:
    for link, value in _walk(document):
        if (reason := _unstorable(value)) is not None:
            findings.fault(_path(link), Code.UNSTORABLE_VALUE, f"{reason}: take it out")
        if isinstance(value, dict):
            for key in value:
                if (reason := _unstorable(key)) is not None:
                    findings.fault(_path(link), Code.UNSTORABLE_VALUE, f"in one of its keys, {reason}: take it out")


def _unstorable(value: Any) -> str | None:
    """Return why JSON, the database or Temporal cannot store this value; None if they can."""
    if isinstance(value, str):
        return _unstorable_text(value)
    if isinstance(value, float):
        return None if math.isfinite(value) else f"JSON has no number {value}"
    if isinstance(value, int):
        return "the number has thousands of digits" if value.bit_length() > MAX_INTEGER_BITS else None
    if value is None or isinstance(value, _CONTAINERS):
        return None
    return f"{type(value).__name__} is not a JSON type"


def _unstorable_text(text: str) -> str | None:
    if "\0" in text:
        return "the text has the character U+0000, which databases refuse"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "the text has half of a surrogate pair, which is not Unicode"
    return None


def _walk(document: Any) -> Iterator[tuple[Link | None, Any]]:
    """Yield every value down to the maximum depth, each with its path."""
    level: list[tuple[Link | None, Any]] = [(None, document)]
    for _ in range(MAX_DEPTH + 1):
        yield from level
        level = [((link, key), child) for link, value in level for key, child in _children(value)]


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)


def _path(link: Link | None) -> Path:
    path: list[str | int] = []
    while link is not None:
        link, key = link
        path.append(key)
    return path[::-1]
