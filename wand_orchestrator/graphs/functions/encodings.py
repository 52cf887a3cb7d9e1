"""Implements functions that encode values as text, and decode them."""

import base64
import binascii
import json
from typing import Any
from urllib.parse import quote

from wand_orchestrator.graphs.functions.function import Call
from wand_orchestrator.graphs.functions.function_group import FunctionGroup
from wand_orchestrator.graphs.json_values import check_storable, measured
from wand_orchestrator.graphs.written_json import json_text

_CHARACTERS_PER_READ_STEP = 16

_BYTES_PER_SIGN = {"[": 96, "{": 250, ",": 48, ":": 60, '"': 28}
"""Roughly what a value takes in memory for each of these signs of its text, the text itself aside."""

ENCODINGS = FunctionGroup("JSON, Base64 and URLs")


@ENCODINGS.add(
    "to_json(value: any) -> string",
    "Writes a value as JSON, texts in quotes.",
    ("to_json(@)", {"a": "b"}, '{"a":"b"}'),
    ("to_json(@)", "a", '"a"'),
)
def to_json(call: Call, value: Any) -> str:
    return json_text(value, call.budget)


@ENCODINGS.add("from_json(text: string) -> any", "Reads JSON.", ("from_json(@).a", '{"a": [1, 2]}', [1, 2]))
def from_json(call: Call, text: str) -> Any:
    call.budget.take(len(text) // _CHARACTERS_PER_READ_STEP)
    call.budget.build(len(text) + sum(text.count(sign) * size for sign, size in _BYTES_PER_SIGN.items()))
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("the text is nested too deep") from error
    except ValueError as error:
        raise ValueError("the text is not JSON") from error
    measured(value, call.budget)
    check_storable(value, call.budget)
    return value


@ENCODINGS.add(
    "base64_encode(text: string) -> string",
    "Writes the UTF-8 bytes of a text as Base64.",
    ("base64_encode(@)", "user:key", "dXNlcjprZXk="),
)
def base64_encode(call: Call, text: str) -> str:
    call.scan(text)
    call.build_text(len(text) * (2 if text.isascii() else 6))
    return base64.b64encode(text.encode()).decode()


@ENCODINGS.add(
    "base64_decode(text: string) -> string",
    "Reads the UTF-8 text that is written in Base64, also in its form for URLs.",
    ("base64_decode(@)", "aGVsbG8", "hello"),
)
def base64_decode(call: Call, text: str) -> str:
    call.scan(text)
    call.build_text(2 * len(text))
    plain = text.translate(_FROM_URL).rstrip("=")
    try:
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ValueError("the text is not Base64 of a text in UTF-8") from error
    check_storable(decoded, call.budget)
    return decoded


_FROM_URL = str.maketrans("-_", "+/")


@ENCODINGS.add(
    "url_encode(text: string) -> string",
    "Writes a text so that it can stand in a URL, as a part of the path or a parameter.",
    ("url_encode(@)", "a b&c/é", "a%20b%26c%2F%C3%A9"),
)
def url_encode(call: Call, text: str) -> str:
    call.budget.take(len(text) // 4)
    call.build_text(len(text) * (3 if text.isascii() else 12))
    return quote(text, safe="")


def written(call: Call, value: Any) -> str:
    """Returns a value as a part of a text: a text as it is, null as nothing, others as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(call, value)


def _no_constant(name: str) -> Any:
    raise ValueError(f"JSON has no {name}")
