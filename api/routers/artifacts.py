"""Routes of the files that the agents of a run have kept."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.http.strict_route import StrictRoute
from wand_orchestrator.api.services import Cursor, RunIdPath, Services, ServicesDep
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.errors import Unavailable

GUARD_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:",
}
"""An artifact may be HTML or SVG with scripts in it, and must not act as this API in a browser."""


class ArtifactView(BaseModel):
    """A file of a run. `size` in bytes; `url` is a path of this API; `node` kept it, null for a
    file of an old release.
    """

    run_id: str = Field(description="The run itself, or a child run in it.")
    node: str | None
    name: str
    media_type: str
    size: int
    url: str


class ArtifactList(BaseModel):
    """A page of files. `next`: the `cursor` of the next page, with files of further child runs; null on the last."""

    artifacts: list[ArtifactView]
    next: str | None


FileName = Annotated[str, Path(max_length=1000, description="The name that the file was saved under.")]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file, with its media type.", "content": {"application/octet-stream": _BINARY}}
}
router = APIRouter(route_class=StrictRoute, prefix="/runs", tags=["artifacts"], responses=declared(401, 404, 503))


@router.get("/{run_id}/artifacts", responses=declared(400))
async def list_artifacts(run_id: RunIdPath, services: ServicesDep, cursor: Cursor = None) -> ArtifactList:
    """List the files of a run by node and name, then those of its child runs that are in the database."""
    page = await services.files.page(run_id, cursor)
    return ArtifactList(
        artifacts=[ArtifactView(run_id=keeper, **asdict(artifact)) for keeper, artifact in page.files], next=page.next
    )


@router.get("/{run_id}/artifacts/{name}", response_class=Response, responses=_FILE | declared(409))
async def get_artifact(run_id: RunIdPath, name: FileName, services: ServicesDep) -> StreamingResponse:
    """Return the only file of this name. 409 `ambiguous_artifact` if several nodes of the run keep one."""
    return await _file(run_id, None, name, services)


@router.get("/{run_id}/artifacts/{node:path}/{name}", response_class=Response, responses=_FILE)
async def get_artifact_of_node(
    run_id: RunIdPath,
    node: Annotated[str, Path(max_length=1000, description="The node's id; `m[0]` is an item of the map `m`.")],
    name: FileName,
    services: ServicesDep,
) -> StreamingResponse:
    """Return the file that a node keeps under this name."""
    return await _file(run_id, node, name, services)


async def _file(run_id: str, node: str | None, name: str, services: Services) -> StreamingResponse:
    budget = CallBudget()
    await services.runs.known(run_id, budget)  # files of a deleted run may still be there
    try:
        async with asyncio.timeout(budget.left()):
            opened = await services.artifacts.read(run_id, name, node)
    except TimeoutError as error:
        raise Unavailable("artifacts", "the artifact store does not answer") from error
    headers = {
        **GUARD_HEADERS,
        "Content-Length": str(opened.artifact.size),
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(opened.artifact.name, safe='')}",
    }
    return StreamingResponse(opened.chunks, media_type=opened.artifact.media_type, headers=headers)
