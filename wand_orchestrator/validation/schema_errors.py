"""Words why a value does not fit a JSON Schema."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# An error of jsonschema has its schema and its value once it is yielded; their types allow that they are unset.

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema.exceptions import ValidationError, best_match

from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.validation.phrases import described, listed, quoted, shortened, type_words
from wand_orchestrator.validation.pointer import Part, label
from wand_orchestrator.validation.schema_keywords import extra_keys

_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
}


@dataclass(frozen=True)
class Misfit:
    """A reason why a value does not fit. `key`: one that the schema does not allow in the object at `path`, `among`:
    those that it does.
    """

    path: tuple[Part, ...]
    message: str = ""
    key: str | None = None
    among: tuple[str, ...] = ()


def misfits(error: ValidationError, name: str) -> Iterator[Misfit]:
    """Yield the misfits of an error. `name`: what sentences call the value as a whole."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = tuple(error.schema.get("properties", ()))
        for key in extra_keys(error.instance, error.schema, Budget()):
            yield Misfit(path, key=key, among=known)
    else:
        yield Misfit(path, _sentence(error, label(path) if path else name))


def first_misfit(errors: Sequence[ValidationError], name: str) -> str | None:
    """Return the best sentence for all errors; None without an error. It never contains a long value."""
    best = best_match(iter(errors))
    for misfit in misfits(best, name) if best is not None else ():
        return misfit.message or f"{name} has a key {quoted(misfit.key or '')}: the schema has {listed(misfit.among)}"
    return None


def _sentence(error: ValidationError, name: str) -> str:
    value, wanted = error.instance, error.validator_value
    match error.validator:
        case "required":
            return f"{name} needs {listed([key for key in wanted if key not in value])}"
        case "type":
            return f"{name} must be {type_words(_texts(wanted))}, and is {described(value)}"
        case "enum" | "const":
            choices = wanted if error.validator == "enum" else [wanted]
            return f"{name} must be {_choices(choices)}, and is {described(value)}"
        case "anyOf" | "oneOf" if error.context:
            return _of_branches(error, name)
        case str(keyword) if keyword in _LIMITS:
            return f"{name} must be {_LIMITS[keyword]} {wanted}, and is {described(value)}"
        case "pattern":
            return f"{name} must match the pattern `{shortened(wanted)}`, and is {described(value)}"
    return f"{name} does not fit: {shortened(error.message)}"


def _of_branches(error: ValidationError, name: str) -> str:
    """Return one sentence for all branches if each requires another type; otherwise the reason of
    the nearest branch.
    """
    types = [part for part in error.context if part.validator == "type" and not part.relative_path]
    if len(types) == len(error.context):
        wanted = dict.fromkeys(type for part in types for type in _texts(part.validator_value))
        return f"{name} must be {type_words(wanted)}, and is {described(error.instance)}"
    nearest = best_match([error])
    if nearest is error:
        return f"{name} fits none of the forms that it may have"
    path = tuple(nearest.absolute_path)
    return _sentence(nearest, label(path) if path else name)


def _choices(values: list[Any]) -> str:
    return listed([value if isinstance(value, str) else described(value) for value in values], "or")


def _texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
