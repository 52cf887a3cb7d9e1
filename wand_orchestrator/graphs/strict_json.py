"""Reads JSON strictly, wherever it comes from: what Python's own reading lets pass is refused with a reason.

Refused are NaN and numbers without end, the same key twice (RFC 8259 leaves open which one counts), nesting that later
stages cannot encode, and text that a database cannot store.
"""

import json
import math
from typing import Any, NoReturn

from wand_orchestrator.contract.bounds import MAX_DEPTH, is_too_deep
from wand_orchestrator.errors import BadRequest


def parse_json(raw: str | bytes, name: str = "the body") -> Any:
    """Return the value of a JSON text; `name` is what a sentence calls it.

    Raises BadRequest `malformed_json` or `unstorable_text`.
    """
    reader = _Reader(name)
    if not raw:
        raise reader.malformed("it is empty")
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        value = reader.read(text)
    except UnicodeDecodeError as error:
        raise reader.malformed(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise reader.malformed(f"{error.msg} at line {error.lineno}, column {error.colno}", **place) from error
    except RecursionError:
        raise reader.malformed(_TOO_DEEP) from None
    except ValueError as error:  # a number with thousands of digits, which Python refuses to read
        raise reader.malformed("a number has too many digits") from error
    if is_too_deep(value):
        raise reader.malformed(_TOO_DEEP)
    if "\\u" in text or "\x00" in text or not isinstance(raw, bytes):
        check_text(value, name)
    return value


def check_text(value: Any, name: str = "the body") -> None:
    """Raises BadRequest `unstorable_text`."""
    level = [value]
    while level:
        for item in level:
            for text in item if isinstance(item, dict) else (item,):
                if isinstance(text, str) and not is_storable(text):
                    raise BadRequest(
                        f"{name} holds a string with a NUL character or half a surrogate pair, which cannot be stored",
                        code="unstorable_text",
                    )
        level = _children(level)


def is_storable(text: str) -> bool:
    """Return whether the text can be stored: unpaired surrogates have no UTF-8, and PostgreSQL stores no NUL."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


_TOO_DEEP = f"lists and objects are nested more than {MAX_DEPTH} deep"


class _Reader:
    """The hooks of Python's reading; `name` is what a sentence calls the text."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read(self, text: str) -> Any:
        return json.loads(
            text, object_pairs_hook=self._unique, parse_constant=self._refuse_constant, parse_float=self._finite
        )

    def malformed(self, reason: str, **place: int) -> BadRequest:
        return BadRequest(f"{self._name} is not JSON that can be read: {reason}", code="malformed_json", **place)

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    raise self.malformed(f"the key {key[:100]!r} stands twice in one object")
                seen.add(key)
        return result

    def _refuse_constant(self, name: str) -> NoReturn:
        raise self.malformed(f"{name} is no JSON number")

    def _finite(self, digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            raise self.malformed(f"{digits[:30]} is larger than any number here can be")
        return number


def _children(level: list[Any]) -> list[Any]:
    return [
        child
        for item in level
        if isinstance(item, dict | list)
        for child in (item.values() if isinstance(item, dict) else item)
    ]
