"""`{"$input": "<JMESPath>"}` in params: values that only the run's input gives, so that they are unknown before."""

from collections.abc import Iterator, Sequence
from typing import Any

from wand_orchestrator.graphs.expressions import INPUT_KEY, is_input_reference
from wand_orchestrator.validation.pointer import Part

__all__ = ["holds_reference", "is_input_reference", "passes_reference", "references"]


def references(value: Any, path: tuple[Part, ...] = ()) -> Iterator[tuple[tuple[Part, ...], dict[str, Any]]]:
    """Every object with the key `$input`, rightly formed or not, with the way to it."""
    if isinstance(value, dict):
        if INPUT_KEY in value:
            yield path, value
        if not is_input_reference(value):
            for key, child in value.items():
                yield from references(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from references(child, (*path, index))


def holds_reference(value: Any) -> bool:
    return any(is_input_reference(found) for _, found in references(value))


def passes_reference(document: Any, path: Sequence[Part]) -> bool:
    """Whether the way from the document along `path` leads to a reference or into one."""
    for part in path:
        if is_input_reference(document):
            return True
        document = document[part]
    return is_input_reference(document)
