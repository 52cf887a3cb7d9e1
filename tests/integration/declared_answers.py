"""Compares the answers of the API with what its OpenAPI document declares: a test that goes through `Service` and gets
anything else fails.
"""

import re
from functools import cached_property
from typing import Any

import httpx
from fastapi import FastAPI
from jsonschema import Draft202012Validator

Json = dict[str, Any]

MAX_BYTES = 32 * 1024
"""Of the answers that are compared; those above have the same schemas, and would take long."""

METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
PROBLEM = "application/problem+json"


class DeclaredAnswers:
    """Checks responses as a hook of httpx. Raises AssertionError, in the call that got the answer."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._validators: dict[tuple[str, str, str], Draft202012Validator | None] = {}

    async def __call__(self, response: httpx.Response) -> None:
        operation = self._operation(response.request)
        if operation is None:
            return
        name, declared = operation
        status, kind = str(response.status_code), response.headers.get("content-type", "").partition(";")[0]
        assert status in declared or kind == PROBLEM, f"{name} answers {status}, which it does not declare"
        if not kind.endswith("json") or int(response.headers.get("content-length", MAX_BYTES + 1)) > MAX_BYTES:
            return
        validator = self._validator(name, status, kind, declared)
        if validator is None:
            return
        await response.aread()
        faults = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(response.json())]
        assert not faults, f"{name} answers {status}, which is not as declared: {faults[:5]}"

    def _validator(self, name: str, status: str, kind: str, declared: Json) -> Draft202012Validator | None:
        key = (name, status, kind)
        if key not in self._validators:
            content = declared.get(status, {}).get("content", {})
            schema = content.get(kind, {}).get("schema") or (self._problem if kind == PROBLEM else None)
            whole = None if schema is None else {"components": self._document["components"], **schema}
            self._validators[key] = None if whole is None else Draft202012Validator(whole)
        return self._validators[key]

    def _operation(self, request: httpx.Request) -> tuple[str, Json] | None:
        """Return the name and the declared responses of the operation; None for what the document does not have."""
        path = request.url.raw_path.decode().partition("?")[0]
        for pattern, methods in self._paths:
            if pattern.fullmatch(path) and request.method in METHODS and request.method.lower() in methods:
                operation = methods[request.method.lower()]
                return operation["operationId"], operation["responses"]
        return None

    @cached_property
    def _document(self) -> Json:
        return self._app.openapi()

    @cached_property
    def _problem(self) -> Json:
        return {"$ref": "#/components/schemas/Problem"}

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], Json]]:
        """Longest first: `/runs/{id}/nodes/{node}/params` is no node."""
        paths = sorted(self._document["paths"].items(), key=lambda each: -len(each[0]))
        return [(re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), methods) for path, methods in paths]
