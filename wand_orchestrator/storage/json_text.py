"""JSON as it is stored: text, encoded once."""

from typing import Any

from pydantic_core import from_json, to_json


def encode(value: Any) -> str:
    """Encode the value as JSON text; NaN and infinity become null, as in events."""
    return to_json(value, inf_nan_mode="null").decode()


def decode(text: str) -> Any:
    return from_json(text)
