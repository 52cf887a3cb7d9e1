"""Encodes values as JSON within a budget: text of more than 16 MB is refused before it is built."""

import json
from typing import Any

from wand_orchestrator.graphs.evaluation_budget import MAX_BYTES, Budget
from wand_orchestrator.graphs.json_values import measured

_BYTES_PER_STEP = 24
_ESCAPE_BYTES = 6
"""Of a character that is written as `\\u0001`."""

_CONTROLS = [chr(number) for number in range(32) if chr(number) not in "\b\t\n\f\r"]

_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_write_ascii = json.JSONEncoder(separators=(",", ":")).encode


def json_text(value: Any, budget: Budget, *, ascii: bool = False) -> str:
    """Returns the value as compact JSON. Raises Exceeded and NotJson. `ascii`: other characters are escaped."""
    size = measured(value, budget)
    budget.take(size // _BYTES_PER_STEP)
    if size > MAX_BYTES // _ESCAPE_BYTES:
        measured(value, Budget(), _escaped_bytes)
    text = _write_ascii(value) if ascii else _write(value)
    budget.build_text(len(text))
    return text


def _escaped_bytes(text: str) -> int:
    """Return the maximum bytes of the escaped text."""
    if not text.isascii():
        return len(text) * _ESCAPE_BYTES
    controls = 0 if text.isprintable() else sum(map(text.count, _CONTROLS))
    return len(text) + sum(map(text.count, '"\\\n')) + controls * (_ESCAPE_BYTES - 1)
