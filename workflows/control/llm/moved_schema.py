"""Puts one JSON Schema into another, so that its references lead to the same parts of it as before."""

from typing import Any

_VALUES = frozenset({"const", "enum", "default", "examples"})
"""Keywords under which no schemas stand."""

_OF_A_DOCUMENT = frozenset({"$schema", "$id"})


def moved(schema: Any, place: str) -> Any:
    """Return the schema as it is to stand at `place`, such as `#/properties/arguments`, of another one."""
    if isinstance(schema, list):
        return [moved(each, place) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _moved_reference(value, place) if key == "$ref" else value if key in _VALUES else moved(value, place)
        for key, value in schema.items()
        if not (key in _OF_A_DOCUMENT and isinstance(value, str))
    }


def _moved_reference(reference: Any, place: str) -> Any:
    if reference == "#":
        return place
    if isinstance(reference, str) and reference.startswith("#/"):
        return place + reference.removeprefix("#")
    return moved(reference, place)
