"""Finds references in `params` and `input` of nodes: values that are unknown before a run."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from wand_orchestrator.graphs.references import LITERAL_KEY, REFERENCE_KEYS, is_reference, reference_key
from wand_orchestrator.validation.pointer import Part

_JSON_SCHEMA = frozenset(
    {"$ref", "$dynamicRef", "$anchor", "$dynamicAnchor", "$defs", "$id", "$schema", "$comment", "$vocabulary"}
)


class Found(NamedTuple):
    """An object with a key of a reference, or one that looks like it; `key` is None if it is no reference."""

    path: tuple[Part, ...]
    key: str | None
    value: dict[str, Any]


def references(value: Any, path: tuple[Part, ...] = ()) -> Iterator[Found]:
    """Yield every object that is a reference, or looks like one; nothing within a `$literal`."""
    if isinstance(value, dict):
        key = reference_key(value)
        if key is not None or _looks_like_one(value):
            yield Found(path, key, value)
        if key is None:
            for name, child in value.items():
                yield from references(child, (*path, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from references(child, (*path, index))


def _looks_like_one(value: dict[str, Any]) -> bool:
    if any(key in value for key in REFERENCE_KEYS):
        return True
    [key] = value if len(value) == 1 else [""]
    return key.startswith("$") and key not in _JSON_SCHEMA and isinstance(value[key], str)


def holds_reference(value: Any) -> bool:
    """Return whether anything in the value is unknown before a run."""
    if isinstance(value, dict):
        return is_reference(value) or (reference_key(value) is None and any(map(holds_reference, value.values())))
    return isinstance(value, list) and any(map(holds_reference, value))


def passes_reference(document: Any, path: Sequence[Part]) -> bool:
    """Return whether `path` leads to a reference or into one."""
    for part in path:
        if is_reference(document):
            return True
        document = document[part]
    return is_reference(document)


def written(value: Any) -> Any:
    """Return the value with each `$literal` replaced by its content."""
    if isinstance(value, dict):
        if reference_key(value) == LITERAL_KEY:
            return value[LITERAL_KEY]
        return {key: written(child) for key, child in value.items()}
    return [written(child) for child in value] if isinstance(value, list) else value


def through_literals(document: Any, path: Sequence[Part]) -> Sequence[Part]:
    """Return the path in the document to what is at `path` in `written(document)`."""
    way: list[Part] = []
    literal = False
    for part in path:
        if not literal and part != LITERAL_KEY and reference_key(document) == LITERAL_KEY:
            document, literal = document[LITERAL_KEY], True
            way.append(LITERAL_KEY)
        document = _child(document, part)
        way.append(part)
    return way


def _child(value: Any, part: Part) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):  # the way leads to what is missing
        return None
