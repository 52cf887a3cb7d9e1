"""What references to a node's own input see: what its edges carry and what the graph gives it, by key."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wand_orchestrator.validation.node_signatures import Judged, Kind
from wand_orchestrator.validation.phrases import quoted
from wand_orchestrator.validation.schema_view import ANY, Alternative, View

_NUMBER = View.typed("number")


@dataclass(frozen=True, slots=True)
class _ByKey(Alternative):
    """An object of which each key has a view of its own."""

    views: Mapping[str, View] = field(default_factory=dict)

    def field(self, name: str) -> View:
        return self.views[name] if name in self.views else Alternative.field(self, name)


@dataclass
class OwnInput:
    """`always`: the keys that are there whatever happens. `is_open`: there may be keys that are not known."""

    views: dict[str, View] = field(default_factory=dict)
    always: set[str] = field(default_factory=set)
    is_open: bool = False

    def see(self, key: str, view: View | None, *, always: bool) -> None:
        """None stands for a view of which nothing is known. Of several edges one brings the value."""
        known = ANY if view is None else view
        self.views[key] = self.views[key] | known if key in self.views else known
        if always:
            self.always.add(key)

    def see_all(self, views: Mapping[str, View | None]) -> None:
        """What the graph itself gives."""
        for key, view in views.items():
            self.see(key, view, always=True)

    def kind(self, name: str) -> Kind:
        """For expressions; `name` is the node's."""
        return Judged(f"the input of {quoted(name)}", ANY, self._view())

    def of_part(self, item: View, without: str) -> "OwnInput":
        """What the references of a part of a control node see; `without`: the key that all items come by."""
        part = OwnInput(dict(self.views), set(self.always), self.is_open)
        part.views.pop(without, None)
        part.always.discard(without)
        for alternative in item.alternatives:
            if not alternative.is_closed:  # it may have any key, also one of the node's input, and comes before it
                part.is_open = True
                part.views = dict.fromkeys(part.views, ANY)
            for name in alternative.properties:
                part.see(name, None, always=name in alternative.required)
        for name, view in (("item", item), ("index", _NUMBER)):
            part.views[name] = view
            part.always.add(name)
        return part

    def _view(self) -> View:
        schema = {
            "type": "object",
            "properties": dict.fromkeys(self.views, True),
            "required": list(self.always),
            "additionalProperties": self.is_open,
        }
        return View((_ByKey("object", schema, schema, views=dict(self.views)),))
