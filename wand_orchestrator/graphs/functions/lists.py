"""Implements functions of lists."""

from collections.abc import Callable
from typing import Any

from wand_orchestrator.graphs.functions.arithmetic import Number, whole_number
from wand_orchestrator.graphs.functions.function import Call
from wand_orchestrator.graphs.functions.function_group import FunctionGroup
from wand_orchestrator.graphs.json_values import equal, frozen, take_text

MAX_LENGTH = 2**24
MAX_NUMBER = 2**53
_NUMBER_BYTES = 32
_LIST_BYTES = 80
_PLACE_BYTES = 8

Make = Callable[[Any], Any]

LISTS = FunctionGroup("Lists")

LISTS.describe(
    "length(value: array | string | object) -> number",
    "Counts elements, characters or keys.",
    ("length(@)", [1, 2, 3], 3),
)
LISTS.describe(
    "map(make: &U, list: array[T]) -> array[U]",
    "Returns what the expression gives for each element, null included.",
    ("map(&name, @)", [{"name": "a"}, {}], ["a", None]),
)
LISTS.describe(
    "max_by(list: array[T], by: &any) -> T | null",
    "Returns the element for which the expression gives most.",
    ("max_by(@, &age).name", [{"name": "a", "age": 1}, {"name": "b", "age": 2}], "b"),
)
LISTS.describe(
    "min_by(list: array[T], by: &any) -> T | null",
    "Returns the element for which the expression gives least.",
    ("min_by(@, &age).name", [{"name": "a", "age": 1}, {"name": "b", "age": 2}], "a"),
)
LISTS.describe(
    "reverse(value: array | string) -> array | string", "Turns a list or a text round.", ("reverse(@)", [1, 2], [2, 1])
)
LISTS.describe(
    "sort(list: array[string] | array[number]) -> array", "Sorts texts or numbers.", ("sort(@)", [3, 1, 2], [1, 2, 3])
)
LISTS.describe(
    "sort_by(list: array[T], by: &any) -> array[T]",
    "Sorts by a text or a number that the expression gives.",
    ("sort_by(@, &age)[*].age", [{"age": 2}, {"age": 1}], [1, 2]),
)
LISTS.describe(
    "to_array(value: any) -> array",
    "Returns a list as it is, and anything else as its only element.",
    ("to_array(@)", "a", ["a"]),
)


@LISTS.add(
    "range(start: number, end: number, step?: number) -> array[number]",
    "Returns whole numbers from `start`, and below `end`.",
    ("range(`0`, @)", 3, [0, 1, 2]),
    ("range(`10`, `0`, `-5`)", None, [10, 5]),
)
def number_range(call: Call, start: Number, end: Number, step: Number = 1) -> list[int]:
    bounds = [
        whole_number(number, -MAX_NUMBER, MAX_NUMBER, name)
        for number, name in ((start, "start"), (end, "end"), (step, "step"))
    ]
    if bounds[2] == 0:
        raise ValueError("`step` must not be 0")
    numbers = range(*bounds)
    call.budget.take(len(numbers) // 4)
    call.budget.build(len(numbers) * (_NUMBER_BYTES + _PLACE_BYTES))
    return list(numbers)


@LISTS.add(
    "unique(list: array[T]) -> array[T]",
    "Leaves out what was there before.",
    ("unique(@)", [1, "1", 1.0, True], [1, "1", True]),
)
def unique(call: Call, values: list[Any]) -> list[Any]:
    seen: dict[Any, Any] = {}
    for value in values:
        seen.setdefault(frozen(value, call.budget), value)
    call.budget.build_list(len(seen))
    return list(seen.values())


@LISTS.add(
    "flatten(list: array, levels?: number) -> array",
    "Puts the elements of lists within the list in their place, one level deep or more.",
    ("flatten(@)", [1, [2, [3]]], [1, 2, [3]]),
    ("flatten(@, `9`)", [1, [2, [3]]], [1, 2, 3]),
)
def flatten(call: Call, values: list[Any], levels: Number = 1) -> list[Any]:
    flat = values
    for _ in range(whole_number(levels, 0, 100, "levels")):
        if not any(isinstance(value, list) for value in flat):
            break
        length = sum(len(value) if isinstance(value, list) else 1 for value in flat)
        call.budget.take(len(flat) + length // 4)
        call.budget.build_list(length)
        flat = [inner for value in flat for inner in (value if isinstance(value, list) else (value,))]
    return flat


@LISTS.add(
    "zip(*lists: array) -> array[array]",
    "Returns the first elements of all lists, the second ones, and so on, as far as the shortest goes.",
    ("zip(a, b)", {"a": ["x", "y"], "b": [1, 2, 3]}, [["x", 1], ["y", 2]]),
)
def zip_lists(call: Call, *lists: list[Any]) -> list[list[Any]]:
    length = min(map(len, lists))
    call.budget.take(length * (1 + len(lists) // 4))
    call.budget.build(length * (_LIST_BYTES + _PLACE_BYTES * (len(lists) + 1)))
    return [list(row) for row in zip(*lists, strict=False)]


@LISTS.add(
    "slice(value: array | string, start: number, end?: number) -> array | string",
    "Returns a part of a list or of a text; negative numbers count from the end.",
    ("slice(@, `0`, `3`)", "abcdef", "abc"),
    ("slice(list, `-2`)", {"list": [1, 2, 3]}, [2, 3]),
    ("slice(list, from, to)", {"list": [1, 2, 3], "from": 1, "to": 2}, [2]),
)
def slice_value(call: Call, value: list[Any] | str, start: Number, end: Number = MAX_LENGTH) -> list[Any] | str:
    bounds = slice(_place(start, "start"), _place(end, "end"))
    length = len(range(*bounds.indices(len(value))))
    if isinstance(value, str):
        call.build_text(length, value)
    else:
        call.budget.take(length // 4)
        call.budget.build_list(length)
    return value[bounds]


@LISTS.add(
    "chunk(list: array[T], size: number) -> array[array[T]]",
    "Cuts a list into lists of at most so many elements.",
    ("chunk(@, `2`)", [1, 2, 3], [[1, 2], [3]]),
)
def chunk(call: Call, values: list[Any], size: Number) -> list[list[Any]]:
    length = whole_number(size, 1, MAX_LENGTH, "size")
    starts = range(0, len(values), length)
    call.budget.take(len(starts))
    call.budget.build(len(starts) * (_LIST_BYTES + _PLACE_BYTES) + len(values) * _PLACE_BYTES)
    return [values[start : start + length] for start in starts]


@LISTS.add(
    "index_of(list: array, value: any) -> number | null",
    "Returns where the value first stands, counted from 0, and null if it does not.",
    ("index_of(@, 'b')", ["a", "b"], 1),
)
def index_of(call: Call, values: list[Any], wanted: Any) -> int | None:
    for index, value in enumerate(values):
        call.budget.take(2)
        if equal(value, wanted, call.budget):
            return index
    return None


@LISTS.add(
    "group_by(list: array[T], by: &string) -> object[array[T]]",
    "Returns the elements by the text that the expression gives; those for which it gives null are left out.",
    (
        "group_by(@, &kind)",
        [{"kind": "a", "n": 1}, {"kind": "b", "n": 2}, {"kind": "a", "n": 3}],
        {"a": [{"kind": "a", "n": 1}, {"kind": "a", "n": 3}], "b": [{"kind": "b", "n": 2}]},
    ),
    ("map_values(&length(@), group_by(@, &kind))", [{"kind": "a"}, {"kind": "a"}], {"a": 2}),
)
def group_by(call: Call, values: list[Any], by: Make) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for value in values:
        key = by(value)
        if key is None:
            continue
        if not isinstance(key, str):
            raise ValueError("group_by() takes an expression that gives text: write &to_string(…)")
        take_text(len(key), call.budget)
        if key not in groups:
            call.budget.build(_LIST_BYTES * 3)
        call.budget.build(_PLACE_BYTES * 2)
        groups.setdefault(key, []).append(value)
    return groups


def _place(number: Number, name: str) -> int:
    return whole_number(number, -MAX_LENGTH, MAX_LENGTH, name)
