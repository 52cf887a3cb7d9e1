"""What may be of any size and shape, made fit for a history: a history is read by people, and has limits."""

from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

TEXT_BYTES = 4096
"""Of one message."""

JSON_BYTES = 16 * 1024
"""Of the data of a log line, or of the details of an error."""


def bounded_text(text: object, limit: int = TEXT_BYTES) -> str:
    """`text` in at most `limit` bytes of UTF-8; what was cut off is told in its place."""
    encoded = str(text).encode("utf-8", "replace")
    if len(encoded) <= limit:
        return encoded.decode()
    note = f" … [{len(encoded)} bytes in all]"
    return encoded[: limit - len(note.encode())].decode("utf-8", "ignore") + note


def bounded_json(value: Any, limit: int = JSON_BYTES) -> Any:
    """`value` as JSON has it, what JSON does not know as text; or how large it is, above `limit` bytes."""
    try:
        encoded = to_json(value, inf_nan_mode="null", fallback=str)
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        return {"unserializable": bounded_text(error)}
    return from_json(encoded) if len(encoded) <= limit else {"too_large": f"{len(encoded)} bytes, {limit} are kept"}
