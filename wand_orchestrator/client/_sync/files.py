"""Calls about files: those that are given to runs, and the artifacts that runs keep."""

import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path

from wand_orchestrator.client._sync.connection import ApiConnection
from wand_orchestrator.client._sync.paging import entries
from wand_orchestrator.client.answers.files import ArtifactList, ArtifactView, FileView
from wand_orchestrator.client.routes import path_of

CHUNK_BYTES = 256 * 1024
ANY_TYPE = "application/octet-stream"


class FileCalls:
    """Files that are uploaded, and then given to runs."""

    def __init__(self, connection: ApiConnection) -> None:
        self._connection = connection

    def upload(self, file: Path | str | bytes, *, name: str | None = None, media_type: str | None = None) -> FileView:
        """Upload the file at a path, which is read in pieces, or bytes, which need a `name`."""
        if name is None:
            name = "file" if isinstance(file, bytes) else Path(file).name
        kind = media_type or mimetypes.guess_type(name)[0] or ANY_TYPE
        content = file if isinstance(file, bytes) else _pieces(Path(file))
        answer = self._connection.send(
            "upload_file", {}, params={"name": name}, content=content, headers={"Content-Type": kind}
        )
        return FileView.model_validate_json(answer.content)

    def get(self, file_id: str) -> FileView:
        """Return an uploaded file. Raises NotFound if it can no longer be given to runs."""
        return self._connection.get(FileView, "get_file", file_id=file_id)

    def delete(self, file_id: str) -> None:
        """Delete an uploaded file; runs that were given it keep it."""
        self._connection.send("delete_file", {"file_id": file_id})


class ArtifactCalls:
    """Files that the agents of a run keep. `node` is needed only where several nodes keep one of the same name."""

    def __init__(self, connection: ApiConnection) -> None:
        self._connection = connection

    def list(self, run_id: str) -> Iterator[ArtifactView]:
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

    def read(self, run_id: str, name: str, *, node: str | None = None) -> bytes:
        """Return the content of a file. Raises NotFound, Conflict."""
        answer = self._connection.request("GET", _path(run_id, name, node))
        return answer.content

    def chunks(self, run_id: str, name: str, *, node: str | None = None) -> Iterator[bytes]:
        """Yield the content of a file in pieces, for files that memory should not hold."""
        with self._connection.stream(_path(run_id, name, node)) as answer:
            for chunk in answer.iter_bytes():
                yield chunk

    def save(self, run_id: str, name: str, to: Path | str, *, node: str | None = None) -> Path:
        """Download a file to the path `to`, where it appears only when it is complete."""
        target = Path(to)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                for chunk in self.chunks(run_id, name, node=node):
                    file.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target


def _path(run_id: str, name: str, node: str | None) -> str:
    if node is None:
        return path_of("get_artifact", {"run_id": run_id, "name": name})
    return path_of("get_artifact_of_node", {"run_id": run_id, "node": node, "name": name})


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            yield piece
