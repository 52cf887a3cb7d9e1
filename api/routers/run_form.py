"""Reads a request for a run from a form (`multipart/form-data`): the part `run` is the request, the
others are files.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from starlette.responses import Response

from wand_orchestrator.api.http.json_body import JsonRoute, ParsedRequest
from wand_orchestrator.api.http.multipart import FORM, FormPart, parts_of
from wand_orchestrator.api.http.strict_route import StrictRoute, media_type_of
from wand_orchestrator.api.services import Services
from wand_orchestrator.errors import BadRequest, TooLarge
from wand_orchestrator.files.uploads import UploadStore
from wand_orchestrator.graphs.strict_json import parse_json

RUN = "run"


class RunFormRoute(JsonRoute):
    """A route whose body is JSON, or a form with that JSON and files, which are uploaded while they arrive.

    The run has its own copies of the files when it has started, so the uploads are deleted then.
    """

    def require_type(self, request: Request) -> None:
        if media_type_of(request) != FORM:
            super().require_type(request)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle_json = super().get_route_handler()
        handle = StrictRoute.get_route_handler(self)

        async def read_and_handle(request: Request) -> Response:
            if media_type_of(request) != FORM:
                return await handle_json(request)
            services: Services = request.app.state.services
            uploaded: list[str] = []
            try:
                raw = await _read(request, services.uploads, uploaded)
                return await handle(ParsedRequest(request, raw, _with_files(parse_json(raw), uploaded)))
            finally:
                for file_id in uploaded:
                    await services.uploads.delete(file_id)

        return read_and_handle


async def _read(request: Request, uploads: UploadStore, uploaded: list[str]) -> bytes:
    """Return the part `run`; add the ids of the files to `uploaded` as they are kept."""
    raw: bytes | None = None
    async for part in parts_of(request):
        if part.name == RUN:
            if raw is not None:
                raise BadRequest(f"the form has the part `{RUN}` twice", code="malformed_form")
            raw = await _document(part, request.app.state.settings.max_document_bytes)
        elif part.filename is not None:
            uploaded.append((await uploads.add(part.filename, part.media_type, part.chunks)).file_id)
        else:
            message = f"the part {part.name[:100]!r} is neither `{RUN}` nor a file"
            raise BadRequest(message, code="malformed_form")
    if raw is None:
        raise BadRequest(f"the form has no part `{RUN}` with the request as JSON", code="malformed_form")
    return raw


async def _document(part: FormPart, limit: int) -> bytes:
    raw = bytearray()
    async for chunk in part.chunks:
        raw += chunk
        if len(raw) > limit:
            raise TooLarge(f"the part `{RUN}` is larger than {limit} bytes, the limit set by WAND_MAX_DOCUMENT_BYTES")
    return bytes(raw)


def _with_files(document: Any, uploaded: list[str]) -> Any:
    """Return the document with the form's files added; it may name files that were uploaded before, too."""
    if not isinstance(document, dict) or not uploaded:
        return document
    named = document.get("files", [])
    return {**document, "files": [*named, *uploaded] if isinstance(named, list) else named}
