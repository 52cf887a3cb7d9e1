"""Shows events in the OpenAPI document as a union by their type, so that clients know the `data` of each."""

from typing import Any

from pydantic import TypeAdapter

from wand_orchestrator.api.http.named_schemas import COMPONENTS
from wand_orchestrator.contract.event_data import EVENT_DATA
from wand_orchestrator.contract.events import Event, EventType

Schema = dict[str, Any]


def tell_events_apart(components: dict[str, Schema]) -> None:
    """Replace the component of events by a union of one for each type: `NodeSucceededEvent` and so on."""
    event = components[Event.__name__]
    adapters = [(data.__name__, "serialization", TypeAdapter(data)) for data in dict.fromkeys(EVENT_DATA.values())]
    _, made = TypeAdapter.json_schemas(adapters, ref_template=f"{COMPONENTS}{{model}}")  # type: ignore[arg-type]
    for name, schema in made["$defs"].items():
        components.setdefault(name, schema)
    names = {type: _name(type) for type in EventType}
    for type, name in names.items():
        components[name] = _of_type(event, type)
    components.pop(EventType.__name__, None)  # each of the events names its own
    components[Event.__name__] = {
        "title": Event.__name__,
        "description": "An event of a run, by its `type`.",
        "oneOf": [{"$ref": f"{COMPONENTS}{name}"} for name in names.values()],
        "discriminator": {
            "propertyName": "type",
            "mapping": {type.value: f"{COMPONENTS}{name}" for type, name in names.items()},
        },
    }


def _name(type: EventType) -> str:
    return "".join(word.capitalize() for word in type.name.split("_")) + Event.__name__


def _of_type(event: Schema, type: EventType) -> Schema:
    """Return the schema of events of a type, which comes first in it: a validator is done with the others at once."""
    data = {"$ref": f"{COMPONENTS}{EVENT_DATA[type].__name__}"}
    first = {"type": {"type": "string", "const": type.value}}
    own = {"ts": {"type": "string", "format": "date-time"}, "data": data}
    properties = first | event["properties"] | first | own
    told = {"title": _name(type), "description": f"An event `{type.value}`."}
    return {**event, **told, "properties": properties, "required": list(properties)}
