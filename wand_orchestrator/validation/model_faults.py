"""Translates pydantic's errors for graphs and control nodes into faults in the terms of the document.

pydantic names its places with the branches of unions in them and its reasons in terms of Python. Here a place becomes
a path into the document, and the branches of a union become one sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wand_orchestrator.graph import Edge, Graph, Node, Options, Retry, RetryRule
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.phrases import described, listed
from wand_orchestrator.validation.pointer import Part, Path, label
from wand_orchestrator.validation.suggestions import Near
from wand_orchestrator.validation.written_references import passes_reference

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[Part, ...]


@dataclass(frozen=True)
class Owner:
    """An object of the document: its name in sentences, and its model."""

    noun: str
    model: type[BaseModel]

    @property
    def keys(self) -> list[str]:
        return [field.alias or name for name, field in self.model.model_fields.items()]


@dataclass(frozen=True)
class Form(Generic[Model]):
    """Contains a model and the objects in it, by the keys that lead to them, with `[]` for any index of a list.

    `at`: where in the document it lies. `takes_references`: a value that the run's input will give fits anywhere.
    """

    model: type[Model]
    owners: Mapping[tuple[str, ...], Owner]
    at: Path = ()
    takes_references: bool = False


GRAPH = Form(
    Graph,
    {
        (): Owner("the graph", Graph),
        ("nodes", "[]"): Owner("a node", Node),
        ("nodes", "[]", "retry"): Owner("`retry`", Retry),
        ("nodes", "[]", "retry", "[]"): Owner("a rule of `retry`", RetryRule),
        ("edges", "[]"): Owner("an edge", Edge),
        ("options",): Owner("`options`", Options),
        ("options", "retry"): Owner("`retry`", Retry),
        ("options", "retry", "[]"): Owner("a rule of `retry`", RetryRule),
    },
)

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number that fits 64 bits",
    "bool_type": "true or false",
    "dict_type": "an object",
    "model_type": "an object",
    "tuple_type": "a list",
    "list_type": "a list",
    "datetime_type": "a time as RFC 3339 text",
    "datetime_parsing": "a time as RFC 3339 text, such as `2030-01-31T12:00:00Z`",
    "datetime_from_date_parsing": "a time as RFC 3339 text, such as `2030-01-31T12:00:00Z`",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_VALUES = frozenset({"datetime_parsing", "datetime_from_date_parsing", "finite_number"})
_UNKNOWN_IDS = frozenset({"string_too_short", "string_too_long", "string_pattern_mismatch"})


def read_form(form: Form[Model], value: Any, encoded: bytes, near: Near, findings: Findings) -> Model | None:
    """Return the value, which is also given as JSON, as the model; None if it does not fit, with all reasons added to
    the findings.
    """
    try:
        return form.model.model_validate_json(encoded, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    against: dict[Place, list[ErrorDetails]] = {}
    values: dict[Place, Any] = {}
    for detail in errors:
        place, found = _locate(value, detail["loc"])
        # What lies under a key that is not known may not be there, whatever it is.
        within = place[:-1] if detail["type"] == "extra_forbidden" else place
        if not (form.takes_references and passes_reference(value, within)):
            against.setdefault(place, []).append(detail)
            values[place] = found
    teller = _Teller(form, near, findings)
    told_within = {place[:end] for place in against for end in range(len(place))}
    for place, details in against.items():
        if not (place in told_within and all(map(_is_of_other_type, details))):
            teller.tell(place, values[place], details)
    return None


def _is_of_other_type(detail: ErrorDetails) -> bool:
    """Return whether the value is of another type than one branch of a union wants: the branch is not the one that is
    meant, where another one finds fault with what the value holds.
    """
    return detail["type"].endswith("_type")


def _locate(value: Any, loc: Sequence[Part]) -> tuple[Place, Any]:
    """Return the path in the document, without the names of union branches, and the value there."""
    path: list[Part] = []
    for part in loc:
        is_index = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if is_index or (isinstance(value, dict) and part in value):
            value = value[part]
            path.append(part)
    return tuple(path), value


class _Teller:
    """Makes faults of all that pydantic has against one place."""

    def __init__(self, form: Form[Any], near: Near, findings: Findings) -> None:
        self._owners = form.owners
        self._near = near
        self._findings = findings
        self._at = tuple(form.at)

    def tell(self, path: Place, value: Any, details: list[ErrorDetails]) -> None:
        details = [detail for detail in details if not _is_of_other_type(detail)] or details
        missing = [detail for detail in details if detail["type"] == "missing"]
        for detail in missing:
            self._add(path, Code.MISSING_KEY, f"{self._noun(path)} needs the key `{detail['loc'][-1]}`")
        if not missing and not _is_told_elsewhere(path, value, details[0]):
            self._add(path, *self._sentence(path, value, details))

    def _sentence(self, path: Place, value: Any, details: list[ErrorDetails]) -> tuple[Code, str]:
        first = details[0]
        kind, context, name = first["type"], first.get("ctx", {}), self._name(path)
        if kind == "extra_forbidden":
            return Code.UNKNOWN_KEY, self._unknown_key(path)
        if kind == "literal_error" and len(details) == 1 and isinstance(value, str):
            return Code.UNKNOWN_CHOICE, f"{name} must be {context['expected']}, and is {described(value)}"
        if kind in _BOUNDS:
            key, words = _BOUNDS[kind]
            return Code.OUT_OF_RANGE, f"{name} must be {words} {_number(context[key])}, and is {_number(value)}"
        if kind == "too_short":
            return self._empty(path)
        if kind in _UNKNOWN_IDS:
            return self._text(name, value, kind, context)
        if kind == "value_error":
            return Code.BAD_VALUE, str(context["error"])
        return self._wrong_type(name, value, details)

    def _wrong_type(self, name: str, value: Any, details: list[ErrorDetails]) -> tuple[Code, str]:
        wanted = dict.fromkeys(
            detail["ctx"]["expected"] if detail["type"] == "literal_error" else _WANTED.get(detail["type"], "")
            for detail in details
        )
        if "" in wanted:
            return Code.BAD_VALUE, f"{name}: {details[0]['msg']}"
        code = Code.BAD_VALUE if details[0]["type"] in _VALUES else Code.WRONG_TYPE
        return code, f"{name} must be {' or '.join(wanted)}, and is {described(value)}"

    def _text(self, name: str, value: Any, kind: str, context: dict[str, Any]) -> tuple[Code, str]:
        if kind == "string_pattern_mismatch":
            reason = "must begin with a letter or a digit and go on with these, `_`, `.` and `-`"
            return Code.BAD_ID, f"{name} {reason}, and is {described(value)}"
        if kind == "string_too_short":
            return Code.OUT_OF_RANGE, f"{name} must not be empty"
        return Code.OUT_OF_RANGE, f"{name} has {len(value)} characters, and at most {context['max_length']} are allowed"

    def _empty(self, path: Place) -> tuple[Code, str]:
        if _keys(path) == ("nodes",) and not self._at:
            return Code.NO_NODES, "a graph needs at least one node: add one to `nodes`"
        return Code.OUT_OF_RANGE, f"{self._name(path)} must not be empty"

    def _unknown_key(self, path: Place) -> str:
        key = str(path[-1])
        owner = self._owners.get(_keys(path[:-1]))
        if owner is None:
            return f"the key {label(path)} is not known here: remove it"
        hint = self._near.hint(owner.noun, key, owner.keys) or f": it takes {listed(owner.keys)}"
        return f"{owner.noun} has no key {label(path)}{hint}"

    def _noun(self, path: Place) -> str:
        owner = self._owners.get(_keys(path))
        return owner.noun if owner is not None else self._name(path)

    def _name(self, path: Place) -> str:
        return label((*self._at, *path))

    def _add(self, path: Place, code: Code, message: str) -> None:
        self._findings.fault((*self._at, *path), code, message)


def _is_told_elsewhere(path: Place, value: Any, detail: ErrorDetails) -> bool:
    """Return whether another check reports this: an invalid id in an edge or a sink is an unknown node, and a list of
    invalid nodes is not too short, although pydantic counts none.
    """
    if detail["type"] in _UNKNOWN_IDS:
        return _keys(path) in (("edges", "[]", "from"), ("edges", "[]", "to"), ("sinks", "[]"))
    return detail["type"] == "too_short" and bool(value)


def _keys(path: Place) -> tuple[str, ...]:
    return tuple(part if isinstance(part, str) else "[]" for part in path)


def _number(value: Any) -> str:
    return (
        f"{value:,.12g}".replace(",", "") if isinstance(value, float) else described(value).removeprefix("the number ")
    )
