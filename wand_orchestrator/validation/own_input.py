"""Determines what references to a node's own input see: what its edges carry and what the graph provides, by key."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wand_orchestrator.validation.node_signatures import Judged, Kind
from wand_orchestrator.validation.phrases import quoted
from wand_orchestrator.validation.schema_view import ANY, Alternative, View

_NUMBER = View.typed("number")


@dataclass(frozen=True, slots=True)
class _ByKey(Alternative):
    """Describes an object with a view for each key."""

    views: Mapping[str, View] = field(default_factory=dict)

    def field(self, name: str) -> View:
        return self.views[name] if name in self.views else Alternative.field(self, name)


@dataclass
class OwnInput:
    """Describes a node's own input. `always`: the keys that are always present. `is_open`: there
    may be unknown keys.
    """

    views: dict[str, View] = field(default_factory=dict)
    always: set[str] = field(default_factory=set)
    is_open: bool = False

    def see(self, key: str, view: View | None, *, always: bool) -> None:
        """Add a key; `view` is None if nothing is known of its value. If several edges provide it, one of them does in
        a run.
        """
        known = ANY if view is None else view
        self.views[key] = self.views[key] | known if key in self.views else known
        if always:
            self.always.add(key)

    def see_all(self, views: Mapping[str, View | None]) -> None:
        """Add what the graph itself provides."""
        for key, view in views.items():
            self.see(key, view, always=True)

    def kind(self, name: str) -> Kind:
        """Return the input as the kind that expressions are checked against; `name` is the node's."""
        return Judged(f"the input of {quoted(name)}", ANY, self._view())

    def of_part(self, item: View, without: str) -> "OwnInput":
        """Return what the references of a part of a control node see; `without`: the key of the list of items."""
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
