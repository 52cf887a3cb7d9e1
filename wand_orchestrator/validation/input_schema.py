"""Applies the `input_schema` of a graph: checks the input of its runs, and fills in defaults.

Defaults are those of `properties`, however deep, and of the schema itself for a run without an input; one that stands
in a choice (`anyOf`, `oneOf`, `if`) is not filled in, as nothing says which way is meant. A run without an input counts
as one with `{}` where the schema admits an object and no null.
"""

import json
import operator
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema.exceptions import ValidationError

from wand_orchestrator.errors import InputFaults
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.validation.fault import Fault
from wand_orchestrator.validation.json_schema import Schema, UnusableSchema, referred, within
from wand_orchestrator.validation.phrases import listed, quoted
from wand_orchestrator.validation.pointer import Part, pointer
from wand_orchestrator.validation.schema_errors import Misfit, misfits
from wand_orchestrator.validation.schema_view import View

CODE = "invalid_input"
MAX_STEPS = 200_000
"""Of one input: some 60,000 texts in a list, or 20,000 objects with two keys. They take half a second."""

KEPT_CHARS = 20_000
"""Of the text of a schema that is kept compiled."""

_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else")


class InputSchema:
    """A compiled `input_schema`. Raises UnusableSchema for a schema that cannot be used."""

    def __init__(self, schema: Mapping[str, Any], budget: Budget | None = None) -> None:
        self._schema = schema
        self._checked = Schema(schema, budget)
        self._has_defaults = any("default" in part for _, part in _schemas(schema))
        types = View.of(schema, schema).types
        self._is_object = "object" in types and "null" not in types

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._schema.get("properties", ()))

    @property
    def needed(self) -> tuple[str, ...]:
        """The required keys of an input that have no default."""
        properties = self._schema.get("properties", {})
        return tuple(
            key for key in self._schema.get("required", ()) if _default(properties.get(key), self._schema) is _NOTHING
        )

    @property
    def is_closed(self) -> bool:
        """Whether an input has no other keys than these."""
        return self._schema.get("additionalProperties") is False and "patternProperties" not in self._schema

    def certain_errors(self, value: Any) -> list[ValidationError]:
        """Return the errors of an input that no value of the references in it can correct. Raises UnusableSchema."""
        return self._checked.certain_errors(value)

    def admitted(self, value: Any) -> Any:
        """Return the input with its defaults. Raises InputFaults for one that does not fit, or cannot be checked."""
        budget = Budget(MAX_STEPS)
        try:
            filled = self.filled(value, budget)
            errors = self._checked.errors(filled, budget)
        except UnusableSchema as reason:
            raise InputFaults([Fault("", CODE, f"the input cannot be checked: {reason}")]) from reason
        faults = [
            Fault(pointer(place), CODE, message)
            for error in errors
            for misfit in misfits(error, "the input")
            for place, message in [_told(misfit)]
        ]
        if faults:
            raise InputFaults(faults)
        return filled

    def filled(self, value: Any, budget: Budget | None = None) -> Any:
        """Return the input with its defaults, whether it fits or not. Raises UnusableSchema."""
        if value is None:
            value = self._schema.get("default", {} if self._is_object else None)
        if not self._has_defaults:
            return value
        with within(budget):
            return _filled(self._schema, value, self._schema, budget or Budget(MAX_STEPS))

    def default_faults(self, budget: Budget) -> Iterator[tuple[tuple[Part, ...], str]]:
        """Yield the place and the reason for each default that its own schema refuses. Raises UnusableSchema."""
        for path, schema in _schemas(self._schema):
            if "default" in schema:
                for error in self._checked.errors_at(schema, schema["default"], budget):
                    for misfit in misfits(error, "the default"):
                        place, message = _told(misfit)
                        yield (*path, "default", *place), message


def admitted(schema: Mapping[str, Any] | None, value: Any) -> Any:
    """Return the input of a run whose graph has this `input_schema`, with its defaults. Raises InputFaults."""
    if schema is None:
        return value
    try:
        return compiled(schema).admitted(value)
    except UnusableSchema as reason:
        raise InputFaults([Fault("", CODE, f"the graph's `input_schema` cannot be used: {reason}")]) from reason


def compiled(schema: Mapping[str, Any]) -> InputSchema:
    """Return the compiled schema, cached if it is small. Raises UnusableSchema."""
    text = json.dumps(schema)
    return _compiled(text) if len(text) <= KEPT_CHARS else InputSchema(schema)


@lru_cache(maxsize=256)
def _compiled(text: str) -> InputSchema:
    """Return the compiled schema, cached, as compiling it takes longer than most checks."""
    return InputSchema(json.loads(text))


def _told(misfit: Misfit) -> tuple[tuple[Part, ...], str]:
    """Return the place of a misfit, and the reason."""
    if misfit.key is None:
        return misfit.path, misfit.message
    takes = f"it takes {listed(misfit.among)}" if misfit.among else "it takes no keys"
    return (*misfit.path, misfit.key), f"there is no {quoted(misfit.key)} here: {takes}"


def _filled(schema: Any, value: Any, root: Mapping[str, Any], budget: Budget) -> Any:
    budget.take(2)
    if not isinstance(schema, Mapping):
        return value
    if isinstance(schema.get("$ref"), str):
        value = _filled(referred(root, schema["$ref"]), value, root, budget)
    for part in schema.get("allOf", ()):
        value = _filled(part, value, root, budget)
    if isinstance(value, dict):
        return _filled_object(schema, value, root, budget)
    if isinstance(value, list) and "items" in schema:
        first = len(schema.get("prefixItems", ()))
        known = [*value[:first], *(_filled(schema["items"], item, root, budget) for item in value[first:])]
        return value if all(map(operator.is_, known, value)) else known
    return value


def _filled_object(schema: Mapping[str, Any], value: dict[str, Any], root: Mapping[str, Any], budget: Budget) -> Any:
    filled = value
    for key, part in schema.get("properties", {}).items():
        budget.take(1)
        given = value.get(key, _default(part, root))
        if given is _NOTHING:
            continue
        known = _filled(part, given, root, budget)
        if key not in value or known is not value[key]:
            filled = {**value} if filled is value else filled
            filled[key] = known
    return filled


_NOTHING = object()


def _default(schema: Any, root: Mapping[str, Any]) -> Any:
    """Return the default of the schema itself, or of the one that it refers to."""
    for _ in range(8):
        if not isinstance(schema, Mapping):
            return _NOTHING
        if "default" in schema:
            return schema["default"]
        if not isinstance(schema.get("$ref"), str):
            return _NOTHING
        schema = referred(root, schema["$ref"])
    return _NOTHING


def _schemas(schema: Any, path: tuple[Part, ...] = ()) -> Iterator[tuple[tuple[Part, ...], dict[str, Any]]]:
    """Yield the schema and all schemas in it, each with its place."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key in _MAPS:
        for name, part in (schema.get(key) or {}).items():
            yield from _schemas(part, (*path, key, name))
    for key in _LISTS:
        for index, part in enumerate(schema.get(key) or ()):
            yield from _schemas(part, (*path, key, index))
    for key in _SINGLE:
        yield from _schemas(schema.get(key), (*path, key))
