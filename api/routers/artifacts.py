"""Files that the agents of a run have kept."""

import asyncio
from dataclasses import asdict
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from api.budget import ANSWER_SEC, Budget
from api.dependencies import RunIdPath, ServicesDep
from api.problems import declared
from api.strict_route import StrictRoute
from wand_orchestrator.errors import Unavailable

GUARD_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:",
}
"""An artifact may be HTML or SVG with scripts in it, and must not act as this API in a browser."""


class ArtifactView(BaseModel):
    """`size` in bytes; `url` is a path of this API."""

    name: str
    media_type: str
    size: int
    url: str


class ArtifactList(BaseModel):
    artifacts: list[ArtifactView]


router = APIRouter(route_class=StrictRoute, prefix="/runs", tags=["artifacts"], responses=declared(401, 404, 503))


@router.get("/{run_id}/artifacts")
async def list_artifacts(run_id: RunIdPath, services: ServicesDep) -> ArtifactList:
    """The files of a run, by name."""
    budget = Budget()
    await services.runs.known(run_id, budget)
    try:
        async with asyncio.timeout(budget.left(ANSWER_SEC / 2)):
            found = await services.artifacts.list(run_id)
    except TimeoutError as error:
        raise _silent() from error
    return ArtifactList(artifacts=[ArtifactView(**asdict(artifact)) for artifact in found])


_FILE = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{run_id}/artifacts/{name}",
    response_class=Response,
    responses={
        200: {
            "description": "The file, with its media type.",
            "content": {"application/octet-stream": _FILE},
        }
    },
)
async def get_artifact(
    run_id: RunIdPath, name: Annotated[str, Path(max_length=1000)], services: ServicesDep
) -> StreamingResponse:
    """One file."""
    budget = Budget()
    await services.runs.known(run_id, budget)  # files of a deleted run may still be there
    try:
        async with asyncio.timeout(budget.left()):
            opened = await services.artifacts.read(run_id, name)
    except TimeoutError as error:
        raise _silent() from error
    headers = {
        **GUARD_HEADERS,
        "Content-Length": str(opened.artifact.size),
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(opened.artifact.name, safe='')}",
    }
    return StreamingResponse(opened.chunks, media_type=opened.artifact.media_type, headers=headers)


def _silent() -> Unavailable:
    return Unavailable("artifacts", "the artifact store does not answer")
