"""The OpenAPI document, with what FastAPI cannot know of: that every error of every route is a problem document."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from api.problems import Problem, declared

_REPLACED = ("HTTPValidationError", "ValidationError")
"""What FastAPI would answer for a request that does not fit, were the answer its own."""

_OF_A_BODY = (400, 413, 415, 422)
_OF_A_PARAMETER = (422,)


class DocumentedApi(FastAPI):
    """Its routes declare the errors that are their own; those of a body and of a parameter are added."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        schemas = document["components"]["schemas"]
        if Problem.__name__ not in schemas:
            for name in _REPLACED:
                schemas.pop(name, None)
            schemas.update(_problem_schemas())
            for operations in document["paths"].values():
                for operation in operations.values():
                    _add_problems(operation)
        return document


def _problem_schemas() -> dict[str, Any]:
    _, made = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    found: dict[str, Any] = made["$defs"]
    return found


def _add_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if _is_fastapis_own(responses.get("422", {})):
        del responses["422"]
    common = _OF_A_BODY if "requestBody" in operation else _OF_A_PARAMETER if "parameters" in operation else ()
    for status, response in declared(*common).items():
        responses.setdefault(str(status), response)


def _is_fastapis_own(response: dict[str, Any]) -> bool:
    return "application/json" in response.get("content", {})
