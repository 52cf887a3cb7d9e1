"""Bounds values of any size and shape to what a history takes: people read it, and it has limits."""

from collections.abc import Iterable
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

MAX_DEPTH = 100
"""Levels of lists and objects in any value that goes to Temporal or the database: inputs, params, outputs, results.

The JSON parser of pydantic reads 200 levels and its writer some 250, so that a value could be written that nobody can
read again. Half of it leaves room for what values are wrapped in on the way, such as an event in a page."""

TEXT_BYTES = 4096
"""Of one message."""

_NESTING = (dict, list, tuple)

CODE_LENGTH = 200
"""Of the code of a failure."""

JSON_BYTES = 16 * 1024
"""Of the data of a log line, or of the details of an error."""


def bounded_text(text: object, limit: int = TEXT_BYTES) -> str:
    """Return `text` in at most `limit` bytes of UTF-8; a note replaces what was cut off."""
    encoded = str(text).encode("utf-8", "replace")
    if len(encoded) <= limit:
        return encoded.decode()
    note = f" … [{len(encoded)} bytes in all]"
    return encoded[: limit - len(note.encode())].decode("utf-8", "ignore") + note


def emitted(text: str) -> str:
    """Return emitted text as it can be sent: half of a surrogate pair becomes U+FFFD. Raises TypeError for no text."""
    if not isinstance(text, str):
        raise TypeError(f"ctx.emit takes text, not {type(text).__name__}")
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def bounded_json(value: Any, limit: int = JSON_BYTES) -> Any:
    """Return `value` as JSON, with other types as text; above `limit` bytes or MAX_DEPTH, a note that says so."""
    try:
        encoded = to_json(value, inf_nan_mode="null", fallback=str)
        if len(encoded) > limit:
            return {"too_large": f"{len(encoded)} bytes, {limit} are kept"}
        known = from_json(encoded)
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        return {"unserializable": bounded_text(error)}
    return {"too_deep": f"lists and objects more than {MAX_DEPTH} deep"} if is_too_deep(known) else known


def is_too_deep(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Return whether lists and objects in `value` are nested more than `limit` deep. Its size must be
    bounded already.
    """
    level = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item) if isinstance(child, _NESTING)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, _NESTING) else ()
