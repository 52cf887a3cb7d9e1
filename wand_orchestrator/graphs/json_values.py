"""Checks and measures JSON values in memory, where one object may be in several places: a small value may be huge as
JSON.

Everything here is iterative, and what it looks at is taken from a budget.
"""

import math
import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from wand_orchestrator.contract.bounds import MAX_DEPTH
from wand_orchestrator.errors import InternalError
from wand_orchestrator.graphs.evaluation_budget import MAX_BYTES, Budget, Exceeded, too_large

MAX_INTEGER_BITS = 10_000
"""Python refuses to print integers of more than 4,300 digits."""

_PER_VALUE = 4
"""Bytes of a number, of true, false and null, and of the punctuation around a value, roughly."""

_SMALL = frozenset({type(None), bool})
_USUAL_BITS = 64
_BITS_PER_DIGIT = 3
_CONTAINERS = frozenset({list, dict})

_BYTES_PER_CHARACTER = 3
"""Of UTF-8, at most, for all but rare characters."""

_FROZEN_BYTES = 56
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

_CHARACTERS_PER_STEP = 1024
"""That are compared or copied in the time of a step."""


class NotJson(InternalError, ValueError):
    """The value cannot be written as JSON; the text is the reason, as the end of a sentence."""


def equal(left: Any, right: Any, budget: Budget) -> bool:
    """Return whether two values are equal in JSON's sense: 1 and 1.0 are, 1 and true are not. Raises Exceeded."""
    if not (isinstance(left, list | dict) and isinstance(right, list | dict)):
        return _same(left, right, budget)
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if one is other:
            continue
        if isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            budget.take(1 + 2 * len(one))
            pairs.extend(zip(one, other, strict=True))
        elif isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            budget.take(1 + 2 * len(one))
            pairs.extend((value, other[key]) for key, value in one.items())
        elif not _same(one, other, budget):
            return False
    return True


def _same(one: Any, other: Any, budget: Budget) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        take_text(min(len(one), len(other)), budget)
    return bool(one == other)


def frozen(value: Any, budget: Budget) -> Any:
    """Returns something hashable, equal for values that are equal in JSON. Raises Exceeded."""
    budget.take(1)
    if isinstance(value, list):
        budget.build_list(len(value))
        return ("list", tuple(frozen(item, budget) for item in value))
    if isinstance(value, dict):
        budget.build_object(len(value))
        return ("object", frozenset((key, frozen(item, budget)) for key, item in value.items()))
    if isinstance(value, str):
        take_text(len(value), budget)
    budget.build(_FROZEN_BYTES)
    return (isinstance(value, bool), value)


def check_storable(value: Any, budget: Budget) -> None:
    """Raise ValueError if a text in the value, or a key, cannot be stored."""
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, str):
            if _UNSTORABLE.search(inner):
                raise ValueError("it has U+0000 or half of a surrogate pair, which cannot be stored")
        elif isinstance(inner, list | dict):
            budget.take(len(inner))
            pending.extend(inner)
            if isinstance(inner, dict):
                pending.extend(inner.values())


def take_text(length: int, budget: Budget) -> None:
    """Take the steps of reading this many characters. Raises Exceeded."""
    if length > _CHARACTERS_PER_STEP:
        budget.take(length // _CHARACTERS_PER_STEP)


def measured(value: Any, budget: Budget, text_bytes: Callable[[str], int] | None = None) -> int:
    """Return roughly the bytes of the value as JSON. Raises Exceeded above MAX_BYTES, and NotJson.

    Goes from level to level, and looks at what stands in several places of one level once. `text_bytes`: of a text, if
    not roughly its characters.
    """
    size = _of_scalar(value, text_bytes)
    level = {id(value): (value, 1)} if isinstance(value, dict | list) else {}
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise Exceeded(f"gives a value that is nested in more than {MAX_DEPTH} levels")
        inner: dict[int, tuple[Any, int]] = {}
        for container, times in level.values():
            budget.take(2 + len(container))
            size += times * _of_children(container, times, inner, text_bytes)
            if size > MAX_BYTES:
                raise too_large("gives a value")
        level = inner
    if size > MAX_BYTES:
        raise too_large("gives a value")
    return size


def _of_children(
    container: dict[str, Any] | list[Any],
    times: int,
    inner: dict[int, tuple[Any, int]],
    text_bytes: Callable[[str], int] | None,
) -> int:
    """Return the bytes of the direct children; lists and objects are added to `inner`, each with the number of its
    places.
    """
    children: Iterable[Any] = container
    if isinstance(container, dict):
        children = chain(container, container.values())
    size = 0
    for child in children:
        kind = type(child)
        if kind is str and text_bytes is None and child.isascii():
            size += _PER_VALUE + len(child)
        elif kind in _CONTAINERS:
            size += _PER_VALUE
            before = inner.get(id(child))
            inner[id(child)] = (child, times + (before[1] if before else 0))
        elif kind in _SMALL or (kind is int and child.bit_length() <= _USUAL_BITS):
            size += _PER_VALUE
        else:
            size += _of_scalar(child, text_bytes)
    return size


def _of_scalar(value: Any, text_bytes: Callable[[str], int] | None) -> int:
    """Return the bytes of the value without its children."""
    if isinstance(value, str):
        if text_bytes is not None:
            return _PER_VALUE + text_bytes(value)
        return _PER_VALUE + len(value) * (1 if value.isascii() else _BYTES_PER_CHARACTER)
    if isinstance(value, float) and not math.isfinite(value):
        raise NotJson(f"gives {value}, and JSON has no such number")
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        raise NotJson("gives a number with thousands of digits")
    if isinstance(value, int) and value.bit_length() > _USUAL_BITS:
        return _PER_VALUE + value.bit_length() // _BITS_PER_DIGIT
    if value is None or isinstance(value, int | float | dict | list):
        return _PER_VALUE
    raise NotJson(f"gives {type(value).__name__}, which is not a JSON type")
