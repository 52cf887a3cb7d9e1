"""Defines JSON Schema's keywords (draft 2020-12), each within a budget, and with patterns in linear time.

jsonschema's own keywords do the work; they are counted, and those that take more than linear time are replaced. The
budget of a check is in a context variable, as jsonschema hands its keywords nothing but the schema and the value.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.json_values import equal, frozen
from wand_orchestrator.graphs.patterns import found

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]

MAX_MESSAGE_CHARS = 200
_CHARACTERS_PER_STEP = 16

BUDGET: ContextVar[Budget] = ContextVar("budget of the check against a JSON Schema")


_STEPS = {"$ref": 8, "$dynamicRef": 8}
"""Of a keyword, if it is not 1: a reference is looked up each time."""


def _counted(name: str, keyword: Keyword) -> Keyword:
    """Return the keyword with its steps counted: one, and one for each eight elements in its schema
    and in the value.
    """
    steps = _STEPS.get(name, 1)

    def counted(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        budget = BUDGET.get()
        budget.take(steps + _size(wanted) // 8 + _size(instance) // 8)
        for error in keyword(validator, wanted, instance, schema) or ():
            # jsonschema writes whole values into its messages.
            budget.take(len(error.message) // _CHARACTERS_PER_STEP)
            error.message = error.message[:MAX_MESSAGE_CHARS]
            yield error

    return counted


def _size(value: Any) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not found(pattern, instance, BUDGET.get()):
        yield ValidationError("the text does not match the pattern")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, wanted in patterns.items():
            for key, value in instance.items():
                if found(pattern, key, BUDGET.get()):
                    yield from validator.descend(value, wanted, path=key, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    extras = extra_keys(instance, schema, BUDGET.get())
    if wanted is False and extras:
        yield ValidationError("there are keys that the schema does not list")
    for key in extras if isinstance(wanted, dict) else ():
        yield from validator.descend(instance[key], wanted, path=key)


def extra_keys(instance: dict[str, Any], schema: Any, budget: Budget) -> list[str]:
    """Return the keys that are neither among the schema's `properties` nor match one of its `patternProperties`."""
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return [key for key in instance if key not in known and not any(found(each, key, budget) for each in patterns)]


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if wanted is True and isinstance(instance, list):
        seen = {frozen(item, BUDGET.get()) for item in instance}
        if len(seen) < len(instance):
            yield ValidationError("the list has an element twice")


def _enum(validator: Any, choices: list[Any], instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not any(equal(choice, instance, BUDGET.get()) for choice in choices):
        yield ValidationError("the value is not one of those that the schema lists")


def _const(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    return _enum(validator, [wanted], instance, schema)


_REPLACED: dict[str, Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
    "enum": _enum,
    "const": _const,
}

BoundedValidator = extend(
    Draft202012Validator,
    {name: _counted(name, keyword) for name, keyword in {**Draft202012Validator.VALIDATORS, **_REPLACED}.items()},
)
