"""Completes the OpenAPI document: every error of every route is a problem document."""

import json
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from wand_orchestrator.api.http.event_schemas import tell_events_apart
from wand_orchestrator.api.http.named_schemas import COMPONENTS, name_parts
from wand_orchestrator.api.http.problems import Problem, declared
from wand_orchestrator.graph import Graph

SHOWN_AS = "x-shown-as"
"""Stands where the OpenAPI document is to refer to the component of this name (`api.http.openapi`)."""


_REPLACED = ("HTTPValidationError", "ValidationError")
"""What FastAPI would answer for a request that does not fit, were the answer its own."""

_OF_A_BODY = (400, 408, 413, 415, 422)
_OF_A_PARAMETER = (400, 422)


class DocumentedApi(FastAPI):
    """Builds the OpenAPI document: routes declare their own errors; those of bodies and parameters are added."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        schemas = document["components"]["schemas"]
        if Problem.__name__ not in schemas:
            for name in _REPLACED:
                schemas.pop(name, None)
            schemas.update(_own_schemas())
            for operations in document["paths"].values():
                for operation in operations.values():
                    _complete(operation, has_key=self.state.settings.api_key is not None)
            tell_events_apart(schemas)
            _name_and_tell(document)
            name_parts(document)
        return document


def _own_schemas() -> dict[str, Any]:
    """Return the schemas of problems and of graphs, which many routes refer to, with the problem codes as a schema of
    their own.
    """
    models = [(Problem, "serialization"), (Graph, "validation")]
    _, made = models_json_schema(models, ref_template=f"{COMPONENTS}{{model}}")  # type: ignore[arg-type]
    found: dict[str, Any] = made["$defs"]
    code = found[Problem.__name__]["properties"]["code"]
    told = {"title": code.pop("title"), "description": code.pop("description")}
    found["ProblemCode"] = {"type": "string", "enum": code.pop("enum"), **told}
    found[Problem.__name__]["properties"]["code"] = {"$ref": f"{COMPONENTS}ProblemCode"}
    return found


def _name_and_tell(part: Any) -> None:
    """Replace in `part`, at any depth, what is shown as a component by a reference, and each default by a description.

    Generators of types regard a property with `default` as always present, also where a caller may leave it out.
    """
    if isinstance(part, list):
        for each in part:
            _name_and_tell(each)
    elif isinstance(part, dict):
        if isinstance(name := part.pop(SHOWN_AS, None), str):
            part["$ref"] = f"{COMPONENTS}{name}"
        if isinstance(properties := part.get("properties"), dict):
            for schema in properties.values():
                _tell_default(schema)
        for each in part.values():
            _name_and_tell(each)


def _tell_default(schema: Any) -> None:
    if not isinstance(schema, dict) or "default" not in schema:
        return
    default = schema.pop("default")
    if default is not None and default not in ([], {}):
        told = f"Default: `{json.dumps(default)}`."
        schema["description"] = " ".join(filter(None, (schema.get("description"), told)))


def _complete(operation: dict[str, Any], *, has_key: bool) -> None:
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    if not has_key and "security" in operation:
        operation["security"].append({})  # the key is optional here
    responses = operation["responses"]
    if _is_fastapis_own(responses.get("422", {})):
        del responses["422"]
    common = _OF_A_BODY if "requestBody" in operation else _OF_A_PARAMETER if "parameters" in operation else ()
    for status, response in declared(*common).items():
        responses.setdefault(str(status), response)


def _is_fastapis_own(response: dict[str, Any]) -> bool:
    return "application/json" in response.get("content", {})
