"""Reads the body of a graph, which may be YAML."""

from typing import Any, ClassVar

from fastapi import Request

from wand_orchestrator.api.http.json_body import JsonRoute
from wand_orchestrator.api.http.openapi import SHOWN_AS
from wand_orchestrator.api.http.strict_route import media_type_of
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.strict_json import check_text
from wand_orchestrator.graphs.yaml_text import malformed, parse_yaml

YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
"""The first is the registered one (RFC 9512)."""

YAML_BODY: dict[str, Any] = {
    "requestBody": {"content": {"application/yaml": {"schema": {SHOWN_AS: Graph.__name__}}}},
}
"""Of a route's `openapi_extra`."""


class DocumentRoute(JsonRoute):
    """A route whose body is a document in JSON or YAML."""

    media_types: ClassVar[frozenset[str]] = YAML_TYPES

    def parse(self, request: Request, raw: bytes) -> Any:
        if media_type_of(request) not in YAML_TYPES:
            return super().parse(request, raw)
        try:
            value = parse_yaml(raw.decode())
        except UnicodeDecodeError as error:
            raise malformed(f"byte {error.start} is not UTF-8") from error
        check_text(value)
        return value
