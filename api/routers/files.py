"""Routes of files that are uploaded, and then given to the runs that are started with them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from wand_orchestrator.api.http.body_route import BodyRoute
from wand_orchestrator.api.http.moments import Moment
from wand_orchestrator.api.http.multipart import FORM, parts_of, pieces
from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.http.strict_route import media_type_of
from wand_orchestrator.api.services import ServicesDep
from wand_orchestrator.errors import BadRequest
from wand_orchestrator.files.uploads import Upload, UploadStore

ANY_TYPE = "application/octet-stream"


class FileView(BaseModel):
    """An uploaded file. `size` in bytes; runs are given it by its `file_id`, until `expires_at`."""

    file_id: str
    name: str
    media_type: str
    size: int
    sha256: str = Field(description="In hex.")
    url: str = Field(description="Its path in this API.")
    expires_at: Moment

    @classmethod
    def of(cls, upload: Upload) -> "FileView":
        return cls(**vars(upload), url=f"/files/{upload.file_id}")


FileIdPath = Annotated[str, Path(max_length=100)]
_BINARY = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "properties": {"file": _BINARY}, "required": ["file"]}
_BODY = {"requestBody": {"required": True, "content": {ANY_TYPE: {"schema": _BINARY}, FORM: {"schema": _FORM}}}}
router = APIRouter(route_class=BodyRoute, prefix="/files", tags=["files"], responses=declared(401, 503))


@router.post("", status_code=201, openapi_extra=_BODY, responses=declared(400, 408, 413))
async def upload_file(
    request: Request,
    services: ServicesDep,
    name: Annotated[
        str | None, Query(max_length=1000, description="Its name; of a form the file's own, if it is left out.")
    ] = None,
) -> FileView:
    """Upload a file for runs: as the body itself, with its media type, or as a form with one part that has a file name.
    It is kept unchanged for `WAND_FILE_RETENTION_HOURS`.
    """
    if media_type_of(request) != FORM:
        if name is None:
            raise BadRequest("give the file a name, as in POST /files?name=data.csv", code="invalid_file")
        return FileView.of(await services.uploads.add(name, media_type_of(request) or ANY_TYPE, pieces(request)))
    return FileView.of(await _file_of_form(request, name, services.uploads))


@router.get("/{file_id}", responses=declared(404))
async def get_file(file_id: FileIdPath, services: ServicesDep) -> FileView:
    """Return an uploaded file that can still be given to runs."""
    return FileView.of(await services.uploads.find(file_id))


@router.delete("/{file_id}", status_code=204)
async def delete_file(file_id: FileIdPath, services: ServicesDep) -> None:
    """Delete an uploaded file; runs that were given it keep it. Deleting it again is no error."""
    await services.uploads.delete(file_id)


async def _file_of_form(request: Request, name: str | None, uploads: UploadStore) -> Upload:
    """Keep the only file of a form; of one that is refused behind its file, nothing is kept."""
    kept: Upload | None = None
    try:
        async for part in parts_of(request):
            if part.filename is None:
                continue
            if kept is not None:
                raise BadRequest("the form has several files: upload each by itself", code="malformed_form")
            kept = await uploads.add(name or part.filename, part.media_type, part.chunks)
    except BaseException:
        if kept is not None:
            await uploads.delete(kept.file_id)
        raise
    if kept is None:
        raise BadRequest("the form has no part with a file name", code="malformed_form")
    return kept
