"""Reads the answer to a link out of the body of its request: JSON, or a form."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from wand_orchestrator.api.http.problems import UnsupportedMediaType
from wand_orchestrator.api.http.strict_route import is_json, media_type_of
from wand_orchestrator.api.links.answer_form import answer_of
from wand_orchestrator.api.links.models import LinkAnswer
from wand_orchestrator.errors import BadRequest
from wand_orchestrator.graphs.strict_json import parse_json

MAX_ANSWER_BYTES = 1024 * 1024
MAX_FORM_FIELDS = 1000
FORM = "application/x-www-form-urlencoded"


def is_form(request: Request) -> bool:
    return media_type_of(request) == FORM


def written_answer(request: Request, body: bytes, schema: Mapping[str, Any]) -> Any:
    """Return the answer. Raises BadRequest, UnsupportedMediaType, RequestValidationError."""
    if is_form(request):
        return answer_of(schema, _form(body))
    if not is_json(media_type_of(request)):
        raise UnsupportedMediaType(f"the answer has to be sent as Content-Type: application/json or {FORM}")
    try:
        return LinkAnswer.model_validate(parse_json(body)).answer
    except ValidationError as error:
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]) from error


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError as error:  # not UTF-8, or too many fields
        raise BadRequest("the form cannot be read") from error
    return dict(pairs)
