"""A JSON Schema, compiled once, and what certainly does not fit it, whatever values the run's input will give."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from wand_orchestrator.validation.expressions import Expressions, Problem
from wand_orchestrator.validation.near import Near
from wand_orchestrator.validation.pointer import label
from wand_orchestrator.validation.references import holds_reference, passes_reference
from wand_orchestrator.validation.wording import quoted, shortened

_OF_THE_CONTAINER = frozenset({"type", "required", "additionalProperties", "minProperties", "maxProperties"})
"""Keywords that judge an object or list without looking at the values in it."""


def _is_jmespath(value: object) -> bool:
    return not isinstance(value, str) or not isinstance(Expressions(Near()).read(value), Problem)


_FORMATS = FormatChecker(formats=())
"""The one `format` that is more than a remark; the others say different things to different libraries."""
_FORMATS.checkers["jmespath"] = (_is_jmespath, ())


class UnusableSchema(Exception):
    """It is no JSON Schema, or refers to what it does not hold; the text says why."""


class Schema:
    """Nothing is fetched for it, whatever it refers to."""

    def __init__(self, schema: Any) -> None:
        """Raises UnusableSchema."""
        try:
            Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        except SchemaError as error:
            where = label([*error.absolute_path]) if error.absolute_path else "it"
            raise UnusableSchema(f"{where} is not JSON Schema: {shortened(error.message)}") from error
        except RecursionError as error:
            raise UnusableSchema("it is nested too deep") from error
        for reference in _references(schema):
            if not _holds(schema, reference):
                raise UnusableSchema(f"it refers to {quoted(reference)}, which it does not hold")
        self._validator = Draft202012Validator(schema, registry=Registry(), format_checker=_FORMATS)

    def errors(self, value: Any) -> list[ValidationError]:
        """Raises UnusableSchema where a part that is needed is not there."""
        try:
            errors = [error for error in self._validator.iter_errors(value) if _is_certain(error, value)]
        except Unresolvable as error:
            raise UnusableSchema(f"it refers to {shortened(str(error.ref))}, which it does not hold") from error
        except RecursionError as error:
            raise UnusableSchema("it refers to itself without end") from error
        return _without_repeats(errors)


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for child in schema.values():
            yield from _references(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _references(child)


def _holds(schema: Any, reference: str) -> bool:
    """Whether the reference stays in the schema. Where anchors lead is found out when they are followed."""
    head, *names = unquote(reference).split("/")
    for name in names if head == "#" else ():
        key: Any = name.replace("~1", "/").replace("~0", "~")
        if isinstance(schema, list) and key.isdecimal() and int(key) < len(schema):
            schema = schema[int(key)]
        elif isinstance(schema, dict) and key in schema:
            schema = schema[key]
        else:
            return False
    return head.startswith("#")


def _without_repeats(errors: list[ValidationError]) -> list[ValidationError]:
    """A value that is not among those listed need not be told that its type is wrong as well."""
    listed = {tuple(error.absolute_path) for error in errors if error.validator in ("enum", "const")}
    return [error for error in errors if error.validator != "type" or tuple(error.absolute_path) not in listed]


def _is_certain(error: ValidationError, whole: Any) -> bool:
    """Whether no value that the run's input may give could mend it."""
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
