"""Reads from a JSON Schema what a value may be: its types, its keys and its elements, and no more than is certain.

An object is closed, that is, has no keys but its `properties`, unless its schema says `additionalProperties`. JSON
Schema would have it open, but agents' schemas come from their annotations, and the runner hands on only what these
declare: a model that takes or gives more keys says so in its schema.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

JsonSchema = Mapping[str, Any]

TYPES = ("null", "boolean", "number", "string", "array", "object")
_NOTHING: JsonSchema = {}

MAX_ALTERNATIVES = 64
"""What may be more than that may be anything."""

_OPENING = frozenset(
    {"patternProperties", "allOf", "anyOf", "oneOf", "if", "not", "unevaluatedProperties", "dependentSchemas"}
)


@dataclass(frozen=True, slots=True)
class Alternative:
    """One type that a value may have; `schema` describes it within the document `root`.

    What an expression makes has no schema: `elements` are those of a list, or the values of an object whose keys are
    not known, and `fields` are all keys of an object.
    """

    type: str
    schema: JsonSchema
    root: Any
    elements: "View | None" = None
    fields: "Mapping[str, View] | None" = None

    @property
    def identity(self) -> tuple[str, int, int, int]:
        return (self.type, id(self.schema), id(self.elements), id(self.fields))

    @property
    def properties(self) -> Mapping[str, Any]:
        if self.fields is not None:
            return self.fields
        return self.schema.get("properties", {}) if self.type == "object" else {}

    @property
    def required(self) -> frozenset[str]:
        if self.fields is not None:
            return frozenset(self.fields)
        return frozenset(self.schema.get("required", ())) if self.type == "object" else frozenset()

    @property
    def is_closed(self) -> bool:
        """Whether it has no keys but its properties; what is no object has none."""
        if self.type != "object" or self.fields is not None:
            return True
        if not _OPENING.isdisjoint(self.schema):
            return False
        return self.schema.get("additionalProperties", "properties" not in self.schema) is False

    def takes(self, name: str) -> bool:
        return name in self.properties or not self.is_closed

    def field(self, name: str) -> "View":
        if self.fields is not None:
            return self.fields.get(name, NULL)
        if self.elements is not None:
            return self.elements
        if name in self.properties:
            return View.of(self.properties[name], self.root)
        return NULL if self.is_closed else View.of(self.schema.get("additionalProperties", True), self.root)


@dataclass(frozen=True, slots=True)
class View:
    """Describes all that a value may be."""

    alternatives: tuple[Alternative, ...]

    @classmethod
    def of(cls, schema: Any, root: Any) -> "View":
        return cls(tuple(_alternatives(schema, root, frozenset()))) if schema is not True else ANY

    @classmethod
    def typed(cls, *types: str) -> "View":
        """Return the view of a value of these types, of which nothing else is known."""
        return cls(tuple(Alternative(type, _NOTHING, _NOTHING) for type in types))

    @classmethod
    def list_of(cls, elements: "View") -> "View":
        return cls((Alternative("array", _NOTHING, _NOTHING, elements),))

    @classmethod
    def object_of(cls, values: "View") -> "View":
        """Return the view of an object with any keys."""
        return cls((Alternative("object", _NOTHING, _NOTHING, values),))

    @classmethod
    def object_with(cls, fields: "Mapping[str, View]") -> "View":
        """Return the view of an object with exactly these keys."""
        return cls((Alternative("object", _NOTHING, _NOTHING, fields=fields),))

    def __or__(self, other: "View") -> "View":
        return View.union((self, other))

    @classmethod
    def union(cls, views: Iterable["View"]) -> "View":
        """Return the union of views, each alternative once: an expression that repeats a part must not make the view
        grow.
        """
        found = {one.identity: one for view in views for one in view.alternatives}
        return cls(tuple(found.values())) if len(found) <= MAX_ALTERNATIVES else ANY

    @property
    def types(self) -> frozenset[str]:
        return frozenset(alternative.type for alternative in self.alternatives)

    @property
    def keys(self) -> tuple[str, ...]:
        """The declared keys of all objects that the value may be."""
        return tuple(dict.fromkeys(name for alternative in self.alternatives for name in alternative.properties))

    def only(self, type: str) -> "View":
        return View(tuple(alternative for alternative in self.alternatives if alternative.type == type))

    def takes(self, name: str) -> bool:
        """Return whether the value may be an object with this key."""
        return any(alternative.takes(name) for alternative in self.alternatives)

    def field(self, name: str) -> "View":
        """Return the view of what is under the key if it is present."""
        fields = [alternative.field(name) for alternative in self.alternatives if alternative.takes(name)]
        return fields[0] if len(fields) == 1 else View.union(fields)

    def requires(self) -> frozenset[str]:
        """The keys that the value has in each alternative."""
        if not self.alternatives:
            return frozenset()
        return frozenset.intersection(*(alternative.required for alternative in self.alternatives))

    def is_met_by(self, given: "View") -> bool:
        """Return whether some of what is given may fit. Agents accept `"5"` as a number, `1` as true, and a number for
        a text with a format (a time, a duration).
        """
        return bool(given.types & {type for alternative in self.alternatives for type in _read_as(alternative)})

    def element(self) -> "View":
        """Return the view of the elements, if the value is a list."""
        return View.union(_element(array) for array in self.only("array").alternatives)

    def value(self) -> "View":
        """Return the view of the values, if the value is an object."""
        return View.union(_value(made) for made in self.only("object").alternatives)


NULL = View.typed("null")
ANY = View.typed(*TYPES)


def _read_as(alternative: Alternative) -> tuple[str, ...]:
    if alternative.type in ("number", "boolean"):
        return ("number", "boolean", "string")
    return ("string", "number") if "format" in alternative.schema else (alternative.type,)


def _element(array: Alternative) -> View:
    if array.elements is not None:
        return array.elements
    if "prefixItems" in array.schema:
        return ANY
    return View.of(array.schema.get("items", True), array.root)


def _value(made: Alternative) -> View:
    if made.fields is not None:
        return View.union(made.fields.values())
    return ANY if made.elements is None else made.elements


def _alternatives(schema: Any, root: Any, seen: frozenset[str]) -> Iterator[Alternative]:
    """Yield the alternatives of a schema; any value for what is not understood, or does not restrict the type."""
    if not isinstance(schema, Mapping):
        yield from ANY.alternatives
    elif "$ref" in schema:
        yield from _referred(schema["$ref"], root, seen)
    elif types := _types(schema):
        yield from (Alternative(type, schema, root) for type in types)
    elif choices := schema.get("anyOf") or schema.get("oneOf"):
        for choice in choices:
            yield from _alternatives(choice, root, seen)
    elif len(all_of := schema.get("allOf", ())) == 1:
        yield from _alternatives(all_of[0], root, seen)
    else:
        yield from ANY.alternatives


def _types(schema: JsonSchema) -> tuple[str, ...]:
    """Return the types that the schema names, or those of the values that it lists."""
    if "type" in schema:
        named = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        return tuple(dict.fromkeys("number" if type == "integer" else type for type in named))
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return tuple(dict.fromkeys(type_of(value) for value in values))


def type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for kinds, name in (((int, float), "number"), (str, "string"), (Mapping, "object")):
        if isinstance(value, kinds):
            return name
    return "array"


def _referred(reference: Any, root: Any, seen: frozenset[str]) -> Iterator[Alternative]:
    """Yield the alternatives of the referred schema; none for a reference to itself, any value for one out of the
    document.
    """
    if reference in seen:
        return
    target = root
    head, *names = str(reference).split("/")
    if head != "#":
        yield from ANY.alternatives
        return
    for name in names:
        target = target.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(target, Mapping) else None
    yield from _alternatives(target, root, seen | {reference})
