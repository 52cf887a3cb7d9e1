"""Calls about files: those that are given to runs, and the artifacts that runs keep."""

import asyncio
import mimetypes
import os
from collections.abc import AsyncIterator
from pathlib import Path

from wand_orchestrator.client._async.connection import AsyncApiConnection
from wand_orchestrator.client._async.paging import entries
from wand_orchestrator.client.answers.files import ArtifactList, ArtifactView, FileView
from wand_orchestrator.client.routes import path_of

CHUNK_BYTES = 256 * 1024
ANY_TYPE = "application/octet-stream"


class AsyncFileCalls:
    """Files that are uploaded, and then given to runs."""

    def __init__(self, connection: AsyncApiConnection) -> None:
        self._connection = connection

    async def upload(
        self, file: Path | str | bytes, *, name: str | None = None, media_type: str | None = None
    ) -> FileView:
        """Upload the file at a path, which is read in pieces, or bytes, which need a `name`."""
        if name is None:
            name = "file" if isinstance(file, bytes) else Path(file).name
        kind = media_type or mimetypes.guess_type(name)[0] or ANY_TYPE
        content = file if isinstance(file, bytes) else _pieces(Path(file))
        answer = await self._connection.send(
            "upload_file", {}, params={"name": name}, content=content, headers={"Content-Type": kind}
        )
        return FileView.model_validate_json(answer.content)

    async def get(self, file_id: str) -> FileView:
        """Return an uploaded file. Raises NotFound if it can no longer be given to runs."""
        return await self._connection.get(FileView, "get_file", file_id=file_id)

    async def delete(self, file_id: str) -> None:
        """Delete an uploaded file; runs that were given it keep it."""
        await self._connection.send("delete_file", {"file_id": file_id})


class AsyncArtifactCalls:
    """Files that the agents of a run keep. `node` is needed only where several nodes keep one of the same name."""

    def __init__(self, connection: AsyncApiConnection) -> None:
        self._connection = connection

    def list(self, run_id: str) -> AsyncIterator[ArtifactView]:
        """Iterate over the files of a run and of its child runs."""
        return entries(
            self._connection,
            ArtifactList,
            lambda page: page.artifacts,
            "list_artifacts",
            {},
            None,
            sized=False,
            run_id=run_id,
        )

    async def read(self, run_id: str, name: str, *, node: str | None = None) -> bytes:
        """Return the content of a file. Raises NotFound, Conflict."""
        answer = await self._connection.request("GET", _path(run_id, name, node))
        return answer.content

    async def chunks(self, run_id: str, name: str, *, node: str | None = None) -> AsyncIterator[bytes]:
        """Yield the content of a file in pieces, for files that memory should not hold."""
        async with self._connection.stream(_path(run_id, name, node)) as answer:
            async for chunk in answer.aiter_bytes():
                yield chunk

    async def save(self, run_id: str, name: str, to: Path | str, *, node: str | None = None) -> Path:
        """Download a file to the path `to`, where it appears only when it is complete."""
        target = Path(to)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                async for chunk in self.chunks(run_id, name, node=node):
                    await asyncio.to_thread(file.write, chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target


def _path(run_id: str, name: str, node: str | None) -> str:
    if node is None:
        return path_of("get_artifact", {"run_id": run_id, "name": name})
    return path_of("get_artifact_of_node", {"run_id": run_id, "node": node, "name": name})


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield piece
