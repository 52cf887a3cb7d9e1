"""Names parts of the OpenAPI document that would stand without a name: closed sets of words, and objects of any keys.

A generator of clients makes a type for each such part. Without a name of its own it is called after every place where
it stands, such as `GraphInputSchemaType0`, and is another type in each of them.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

COMPONENTS = "#/components/schemas/"

ENUMS = {
    "AttemptStatus": "AttemptView.status",
    "BudgetPolicy": "SpendingBudget.on_exceeded",
    "CauseRelation": "Cause.relation",
    "EdgeOutcome": "Edge.on",
    "EventLevel": "RunStartedEvent.level",
    "FailurePolicy": "Options.on_failure",
    "HookVerification": "HookView.verification",
    "NodeExecution": "Node.execution",
    "NodeJoin": "Node.join",
    "NodeValueName": "NodeDetail.values",
    "OverlapPolicy": "ScheduleView.overlap",
    "WebhookEvent": "WebhookRequest.events",
}
"""By the name of a closed set, a property that has it; it is the same set wherever the same words stand."""

OBJECTS: dict[str, tuple[str, Schema]] = {
    "JsonObject": ("An object of any keys.", {"additionalProperties": True}),
    "TextByKey": ("A text by each key.", {"additionalProperties": {"type": "string"}}),
    "TextsByKey": (
        "Texts by each key.",
        {"additionalProperties": {"type": "array", "items": {"type": "string"}}},
    ),
}
_REPLACED = ("title", "type", "enum", "additionalProperties")
_BESIDE = ("title", "description", "default", "propertyNames", "maxProperties", "minLength", "maxLength")
_NO_SCHEMAS = ("example", "examples")


def name_parts(document: Schema) -> None:
    """Give the parts of the document their names; the parts become references. Raises LookupError for a table above
    that names a property which is not there.
    """
    components: dict[str, Schema] = document["components"]["schemas"]
    words = {tuple(_enum_at(components, place)): name for name, place in ENUMS.items()}
    for part in [part for root in _roots(document) for part in parts_of(root)]:
        name = words.get(tuple(part["enum"])) if isinstance(part.get("enum"), list) else _object_name(part)
        if name is not None:
            _refer(part, name)
    for values, name in words.items():
        components[name] = {"type": "string", "enum": list(values), "title": name}
    for name, (told, form) in OBJECTS.items():
        components[name] = {"type": "object", **form, "title": name, "description": told}


def _roots(document: Schema) -> Iterator[Any]:
    """Yield what may have parts without a name; a component itself has one."""
    yield document["paths"]
    for schema in document["components"]["schemas"].values():
        yield list(schema.values())


def parts_of(value: Any) -> Iterator[Schema]:
    """Yield every object in the value, those of examples left out."""
    if isinstance(value, dict):
        yield value
        value = [each for key, each in value.items() if key not in _NO_SCHEMAS]
    if isinstance(value, list):
        for each in value:
            yield from parts_of(each)


def _enum_at(components: dict[str, Schema], place: str) -> list[str]:
    component, _, name = place.partition(".")
    found = [part["enum"] for part in parts_of(components[component]["properties"][name]) if "enum" in part]
    if not found:
        raise LookupError(f"{place} has no closed set of words")
    words: list[str] = found[0]
    return words


def _object_name(part: Schema) -> str | None:
    """Return the name of an object of any keys; None for another schema."""
    if part.get("type") != "object" or "properties" in part:
        return None
    if part.keys() - {"type", "additionalProperties", *_BESIDE} or "enum" in part.get("propertyNames", {}):
        return None
    additional = _bare(part.get("additionalProperties"))
    return next((name for name, (_, form) in OBJECTS.items() if form["additionalProperties"] == additional), None)


def _bare(schema: Any) -> Any:
    """Return a schema without what is told of it, and without bounds of texts."""
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in _BESIDE}
    return {**kept, "items": _bare(kept["items"])} if "items" in kept else kept


def _refer(part: Schema, name: str) -> None:
    """Make the part a reference; what is told of it stands beside, in the form that generators keep."""
    beside = {key: value for key, value in part.items() if key not in _REPLACED}
    reference = {"$ref": f"{COMPONENTS}{name}"}
    part.clear()
    part.update({"allOf": [reference], **beside} if beside else reference)
