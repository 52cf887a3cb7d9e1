"""Determines what edges are judged on: the output of their source, its failure, or either."""

from wand_orchestrator.graph import INPUT_SOURCE
from wand_orchestrator.validation.node_signatures import Judged, Kind, Kinds
from wand_orchestrator.validation.outline import EdgeOutline, Outline
from wand_orchestrator.validation.schema_view import ANY, NULL, JsonSchema, View

_TEXT: JsonSchema = {"type": "string"}
_ERROR: JsonSchema = {
    "type": "object",
    "properties": {"code": _TEXT, "message": _TEXT, "details": True, "attempt": {"type": ["integer", "null"]}},
    "required": ["code", "message", "details", "attempt"],
    "additionalProperties": False,
}


def _object(**properties: object) -> JsonSchema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_FAILED = _object(error=_ERROR)
_ERROR_OR_NULL = View.of({"anyOf": [_ERROR, {"type": "null"}]}, {})


_ON_FAILURE = Judged.described('what an edge on failure is judged on, `{"error": …}`', {}, _FAILED)


class EdgeValues:
    """Determines what the edges of one document are judged on. `run_input`: what is known of the input of its runs."""

    def __init__(self, outline: Outline, kinds: Kinds, run_input: Kind | None) -> None:
        self._outline = outline
        self._kinds = kinds
        self._run_input = run_input
        self._settled: dict[Kind | None, Kind] = {}

    def of(self, edge: EdgeOutline) -> Kind | None:
        """Return what the edge is judged on; None if nothing is known of it."""
        if edge.source == INPUT_SOURCE:
            return self._run_input
        source = self._outline.by_id.get(edge.source) if edge.source is not None else None
        if source is None:
            return None
        if edge.on == "failure":
            return _ON_FAILURE
        kind = self._kinds.of(source)
        return self._of_settled(kind) if edge.on == "settled" else kind

    def may_be_null(self, edge: EdgeOutline) -> bool:
        """Return whether the edge is judged on null if its source fails and the run goes on."""
        source = self._outline.by_id.get(edge.source) if edge.source is not None else None
        return source is not None and source.optional and edge.on == "success"

    def exclude_one_another(self, one: EdgeOutline, other: EdgeOutline) -> bool:
        """Return whether at most one of the two edges can be taken in a run."""
        source = self._outline.by_id.get(one.source) if one.source is not None else None
        if source is None or one.source != other.source:
            return False
        if one.on == other.on:
            return one.is_otherwise != other.is_otherwise and None not in (one.when, other.when)
        return {one.on, other.on} == {"success", "failure"} and not source.optional

    def _of_settled(self, kind: Kind | None) -> Kind:
        if kind not in self._settled:
            output = kind.output if kind is not None else ANY
            view = View.object_with({"output": output | NULL, "error": _ERROR_OR_NULL})
            name = 'what a settled edge is judged on, `{"output": …, "error": …}`'
            self._settled[kind] = Judged(name, View.of({}, {}), view)
        return self._settled[kind]
