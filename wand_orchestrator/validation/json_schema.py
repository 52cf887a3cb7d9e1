"""Compiles JSON Schemas and finds what does not fit them; for a value with references, what certainly does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from wand_orchestrator.errors import InternalError
from wand_orchestrator.graphs.evaluation_budget import Budget, Exceeded
from wand_orchestrator.graphs.patterns import UnusablePattern, check_pattern
from wand_orchestrator.validation.expression_faults import ExpressionProblem, Expressions
from wand_orchestrator.validation.phrases import quoted, shortened
from wand_orchestrator.validation.pointer import label
from wand_orchestrator.validation.schema_keywords import BUDGET, BoundedValidator
from wand_orchestrator.validation.suggestions import Near
from wand_orchestrator.validation.written_references import holds_reference, passes_reference

_OF_THE_CONTAINER = frozenset({"type", "required", "additionalProperties", "minProperties", "maxProperties"})
"""Keywords that judge an object or list without looking at the values in it."""


def _is_jmespath(value: object) -> bool:
    return not isinstance(value, str) or not isinstance(Expressions(Near()).read(value), ExpressionProblem)


_VALUES = frozenset({"const", "enum", "default", "examples"})
"""Keywords of a schema under which no schemas stand."""

_FORMATS = FormatChecker(formats=())
"""The one `format` that is more than a remark; the others say different things to different libraries."""
_FORMATS.checkers["jmespath"] = (_is_jmespath, ())


def _is_pattern(value: object) -> bool:
    if isinstance(value, str):
        check_pattern(value)
    return True


_META_FORMATS = FormatChecker(formats=())
_META_FORMATS.checkers["regex"] = (_is_pattern, UnusablePattern)

MAX_SCHEMA_STEPS = 100_000
"""Of one check against a schema, unless its caller has a budget for many; one takes several microseconds."""

_NOT_BOUNDED = ("unevaluatedItems", "unevaluatedProperties")
"""Keywords for which jsonschema walks through the schema without its keywords, which count."""


class UnusableSchema(InternalError):
    """The value is no JSON Schema, refers to something outside of it, or costs too much; the message is the reason."""


class SchemaTooLarge(UnusableSchema):
    """The check takes more steps than its budget has."""


class Schema:
    """A compiled JSON Schema. Nothing is fetched, whatever it refers to; a check takes a bounded number of steps."""

    def __init__(self, schema: Any, budget: Budget | None = None) -> None:
        """Raises UnusableSchema."""
        with within(budget):
            for error in _META.iter_errors(schema):
                where = label([*error.absolute_path]) if error.absolute_path else "it"
                raise UnusableSchema(f"{where} is not JSON Schema: {_words(error)}")
            for pattern in _patterns(schema):
                check_pattern(pattern)
            for reference in _references(schema):
                if not _holds(schema, reference):
                    raise UnusableSchema(f"it refers to {quoted(reference)}, which it does not hold")
            for name in _NOT_BOUNDED:
                if any(name in part for part in _parts(schema)):
                    raise UnusableSchema(f"`{name}` is not supported: say `additionalProperties` or `items`")
            bare = _without_dialects(schema)
            self._validator = BoundedValidator(bare, registry=Registry(), format_checker=_FORMATS)

    def errors(self, value: Any, budget: Budget | None = None) -> list[ValidationError]:
        """Return the errors of the value. Raises UnusableSchema if a part that is needed is missing, or the check takes
        too long.
        """
        with within(budget):
            return _without_repeats(list(self._validator.iter_errors(value)))

    def certain_errors(self, value: Any, budget: Budget | None = None) -> list[ValidationError]:
        """Return the errors of a value with references in it that no value in their place could correct."""
        with within(budget):
            errors = [error for error in self._validator.iter_errors(value) if _is_certain(error, value)]
        return _without_repeats(errors)

    def errors_at(self, part: Any, value: Any, budget: Budget | None = None) -> list[ValidationError]:
        """Return the errors of a value against a part of this schema. Raises UnusableSchema."""
        with within(budget):
            validator = self._validator.evolve(schema=_without_dialects(part))
            return _without_repeats(list(validator.iter_errors(value)))


_META = BoundedValidator(Draft202012Validator.META_SCHEMA, registry=Registry(), format_checker=_META_FORMATS)


@contextmanager
def within(budget: Budget | None) -> Iterator[None]:
    """Take the cost of the block's checks from the budget. Raises UnusableSchema for whatever the schema makes the
    libraries raise.
    """
    token = BUDGET.set(budget or Budget(MAX_SCHEMA_STEPS))
    try:
        yield
    except UnusableSchema:
        raise
    except Exceeded as error:
        raise SchemaTooLarge(f"checking it {error}") from error
    except Unresolvable as error:
        raise UnusableSchema(f"it refers to {shortened(str(error.ref))}, which it does not hold") from error
    except UnusablePattern as error:
        raise UnusableSchema(f"a pattern cannot be used: {error}") from error
    except RecursionError as error:
        raise UnusableSchema("it refers to itself without end, or is nested too deep") from error
    except Exception as error:  # jsonschema and referencing raise whatever Python does at a schema that they trust
        raise UnusableSchema(f"it cannot be read: {type(error).__name__}: {shortened(str(error))}") from error
    finally:
        BUDGET.reset(token)


def _words(error: ValidationError) -> str:
    return shortened(str(error.cause or error.message))


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield the schema and all schemas in it; values in `const`, `enum`, `default` and `examples` are none."""
    if isinstance(schema, dict):
        yield schema
        for key, child in schema.items():
            if key not in _VALUES:
                yield from _parts(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _parts(child)


def _patterns(schema: Any) -> Iterator[str]:
    for part in _parts(schema):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        if isinstance(part.get("patternProperties"), dict):
            yield from part["patternProperties"]


def _without_dialects(schema: Any) -> Any:
    """Return the schema without `$schema` in its parts, for which jsonschema would use another
    class, without budget.
    """
    if isinstance(schema, list):
        return [_without_dialects(child) for child in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: child if key in _VALUES else _without_dialects(child)
        for key, child in schema.items()
        if not (key == "$schema" and isinstance(child, str))
    }


def _references(schema: Any) -> Iterator[str]:
    for part in _parts(schema):
        for key in ("$ref", "$dynamicRef"):
            if isinstance(part.get(key), str):
                yield part[key]


def _holds(schema: Any, reference: str) -> bool:
    """Return whether the reference leads to a part of the schema; anchors are resolved only when they are followed."""
    return reference.startswith("#") and referred(schema, reference) is not None


def referred(schema: Any, reference: str) -> Any:
    """Return the part of the schema that a reference within it leads to; None if there is none. An anchor is not
    resolved: `{}` is returned for it.
    """
    head, *names = unquote(reference).split("/")
    if head != "#":
        return {}
    for name in names:
        key: Any = name.replace("~1", "/").replace("~0", "~")
        if isinstance(schema, list) and key.isdecimal() and int(key) < len(schema):
            schema = schema[int(key)]
        elif isinstance(schema, dict) and key in schema:
            schema = schema[key]
        else:
            return None
    return schema


def _without_repeats(errors: list[ValidationError]) -> list[ValidationError]:
    """Return the errors without type errors of values that are not among those listed, either."""
    listed = {tuple(error.absolute_path) for error in errors if error.validator in ("enum", "const")}
    return [error for error in errors if error.validator != "type" or tuple(error.absolute_path) not in listed]


def _is_certain(error: ValidationError, whole: Any) -> bool:
    """Return whether no value of the references could correct the error."""
    if passes_reference(whole, error.absolute_path):
        return False
    if error.validator in _OF_THE_CONTAINER or not holds_reference(error.instance):
        return True
    if error.validator not in ("anyOf", "oneOf"):
        return False
    certain: dict[Any, bool] = {}
    for part in error.context:
        branch = part.schema_path[0]
        certain[branch] = certain.get(branch, False) or _is_certain(part, whole)
    return bool(certain) and all(certain.values())
