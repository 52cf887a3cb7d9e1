"""Checks the `input_schema` of a posted graph: it can be used, and its defaults fit it."""

from collections.abc import Mapping
from typing import Any

from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.input_schema import InputSchema
from wand_orchestrator.validation.json_schema import SchemaTooLarge, UnusableSchema
from wand_orchestrator.validation.node_signatures import Judged, Kind
from wand_orchestrator.validation.schema_view import ANY, View

PLACE = "input_schema"


def check_input_schema(document: Any, findings: Findings) -> Kind | None:
    """Check the `input_schema`; return what references to the run's input see, None if nothing is known of it."""
    schema = document.get(PLACE) if isinstance(document, dict) else None
    if not isinstance(schema, dict):
        return None
    try:
        compiled = InputSchema(schema, findings.budget)
        compiled.filled({}, findings.budget)  # a default that leads into itself has no end
        for place, message in compiled.default_faults(findings.budget):
            findings.fault((PLACE, *place), Code.INPUT_SCHEMA, message)
    except SchemaTooLarge as reason:
        findings.fault((PLACE,), Code.TOO_COMPLEX, f"`{PLACE}` cannot be checked: {reason}: make it smaller")
        return None
    except UnusableSchema as reason:
        findings.fault((PLACE,), Code.INPUT_SCHEMA, f"`{PLACE}` cannot be used: {reason}")
        return None
    known = _with_defaults_required(schema)
    return Judged("the run's input", ANY, View.of(known, known))


def _with_defaults_required(schema: Any) -> Any:
    """Return the schema of an input whose defaults are filled in: keys with a default are required."""
    if isinstance(schema, list):
        return [_with_defaults_required(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    known = {key: _with_defaults_required(part) for key, part in schema.items()}
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        filled = [key for key, part in properties.items() if isinstance(part, Mapping) and "default" in part]
        known["required"] = [*schema.get("required", ()), *filled]
    return known
