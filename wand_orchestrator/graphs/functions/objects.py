"""Implements functions of objects."""

from typing import Any

from wand_orchestrator.graphs.functions.arithmetic import Number, whole_number
from wand_orchestrator.graphs.functions.function import Call
from wand_orchestrator.graphs.functions.function_group import FunctionGroup
from wand_orchestrator.graphs.functions.lists import MAX_LENGTH, Make

_PAIR_BYTES = 96

OBJECTS = FunctionGroup("Objects")

OBJECTS.describe(
    "keys(object: object) -> array[string]", "Returns the keys.", ("keys(@)", {"a": 1, "b": 2}, ["a", "b"])
)
OBJECTS.describe(
    "values(object: object[T]) -> array[T]", "Returns the values.", ("values(@)", {"a": 1, "b": 2}, [1, 2])
)
OBJECTS.describe(
    "merge(*objects: object) -> object",
    "Puts objects into one; of two values of a key, the later one stays.",
    ("merge(@, {b: `3`})", {"a": 1, "b": 2}, {"a": 1, "b": 3}),
)


@OBJECTS.add(
    "items(object: object) -> array[array]", "Returns pairs of key and value.", ("items(@)", {"a": 1}, [["a", 1]])
)
def items(call: Call, values: dict[str, Any]) -> list[list[Any]]:
    call.budget.build(len(values) * _PAIR_BYTES)
    return [[key, value] for key, value in values.items()]


@OBJECTS.add(
    "from_items(pairs: array[array]) -> object",
    "Makes an object from pairs of key and value.",
    ("from_items(@)", [["a", 1], ["b", 2]], {"a": 1, "b": 2}),
    ("from_items(zip(keys, values))", {"keys": ["a"], "values": [1]}, {"a": 1}),
)
def from_items(call: Call, pairs: list[list[Any]]) -> dict[str, Any]:
    if not all(len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        raise ValueError("from_items() takes pairs of a text and a value")
    call.budget.build_object(len(pairs))
    return {key: value for key, value in pairs}


@OBJECTS.add(
    "pick(object: object, keys: array[string]) -> object",
    "Returns only these keys.",
    ("pick(@, ['a'])", {"a": 1, "b": 2}, {"a": 1}),
)
def pick(call: Call, values: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    call.budget.build_object(min(len(keys), len(values)))
    return {key: values[key] for key in keys if key in values}


@OBJECTS.add(
    "omit(object: object, keys: array[string]) -> object",
    "Returns all but these keys.",
    ("omit(@, ['a'])", {"a": 1, "b": 2}, {"b": 2}),
)
def omit(call: Call, values: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    left_out = frozenset(keys)
    call.budget.build_object(len(values) + len(keys))
    return {key: value for key, value in values.items() if key not in left_out}


@OBJECTS.add(
    "map_values(make: &U, object: object[T]) -> object[U]",
    "Returns what the expression gives for each value, by its key.",
    ("map_values(&multiply(@, `2`), @)", {"a": 1, "b": 2}, {"a": 2, "b": 4}),
)
def map_values(call: Call, make: Make, values: dict[str, Any]) -> dict[str, Any]:
    call.budget.build_object(len(values))
    return {key: make(value) for key, value in values.items()}


@OBJECTS.add(
    "get(value: object | array | null, key: string | number) -> any",
    "Returns what stands under a key, or at a place of a list, that a value names; null if nothing does.",
    ("get(prices, kind)", {"prices": {"a": 5}, "kind": "a"}, 5),
    ("get(list, `-1`)", {"list": [1, 2]}, 2),
)
def get(call: Call, value: dict[str, Any] | list[Any] | None, key: str | Number) -> Any:
    if isinstance(value, dict):
        return value.get(key) if isinstance(key, str) else None
    if value is None or isinstance(key, str):
        return None
    place = whole_number(key, -MAX_LENGTH, MAX_LENGTH, "key")
    return value[place] if -len(value) <= place < len(value) else None
