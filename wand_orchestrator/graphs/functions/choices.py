"""Implements functions that choose between values, and that return their types."""

from typing import Any

from wand_orchestrator.graphs.functions.function import Call
from wand_orchestrator.graphs.functions.function_group import FunctionGroup

CHOICES = FunctionGroup("Choices")

CHOICES.describe(
    "not_null(*values: T) -> T", "Returns the first value that is not null.", ("not_null(a, b, 'none')", {"b": 2}, 2)
)
CHOICES.describe(
    "type(value: any) -> string",
    "Names the type: `null`, `boolean`, `number`, `string`, `array` or `object`.",
    ("type(@)", [1], "array"),
)


CHOICES.describe(
    "if(condition: any, then: T, else?: T) -> T | null",
    "Returns `then` if the condition is true in JMESPath's sense, otherwise `else`, or null without one. "
    "Only what is returned is evaluated.",
    ("if(count > `0`, divide(total, count), `0`)", {"count": 0, "total": 5}, 0),
    ("if(ok, 'yes')", {"ok": False}, None),
)


@CHOICES.add(
    "default(value: T, fallback: T) -> T",
    "Returns the fallback where the value is null. Unlike `value || fallback`, it keeps false and what is empty.",
    ("default(@, 'none')", "", ""),
    ("default(name, 'none')", {}, "none"),
)
def default(call: Call, value: Any, fallback: Any) -> Any:
    return fallback if value is None else value
