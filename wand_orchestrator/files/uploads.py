"""Stores uploads: files that wait to be given to runs, beside the artifacts of runs.

    <store>/.uploads/<file id>/content          the file
    <store>/.uploads/<file id>/about.json       its name, media type, size and SHA-256; written last

A run that is started with one gets a copy of its own (in a folder, a second name of the same file), so that an upload
can be given to several runs, and be deleted when its time is over. No id of a run can be `.uploads`.
"""

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from obstore.exceptions import BaseError
from pydantic import TypeAdapter

from wand_orchestrator.contract.ids import FileId, new_file_id
from wand_orchestrator.errors import AgentError, BadRequest, NotFound, TooLarge, Unavailable
from wand_orchestrator.files.artifacts import ArtifactStore, check_file, normal_name
from wand_orchestrator.files.object_store import delete_under, get, put, put_stream, sizes_under

FOLDER = ".uploads"
_ID = re.compile("f_[0-9a-f]{32}")


@dataclass(frozen=True)
class Upload:
    """An uploaded file. `size` in bytes; `sha256` in hex; `expires_at` in UTC: from then on it cannot be given to a
    run.
    """

    file_id: FileId
    name: str
    media_type: str
    size: int
    sha256: str
    expires_at: datetime


_UPLOAD: TypeAdapter[Upload] = TypeAdapter(Upload)


class UploadStore:
    """Stores uploads. `max_bytes`: of one file. `lifetime`: how long it can be given to runs."""

    def __init__(self, artifacts: ArtifactStore, max_bytes: int, lifetime: timedelta) -> None:
        self._artifacts = artifacts
        self._store = artifacts.store
        self._max_bytes = max_bytes
        self._lifetime = lifetime

    async def add(self, name: str, media_type: str, chunks: AsyncIterator[bytes]) -> Upload:
        """Keep a file as it comes. Raises BadRequest `invalid_file`, TooLarge `file_too_large`, Unavailable, and what
        `chunks` raises.
        """
        name = normal_name(name)
        try:
            check_file(name, media_type)
        except AgentError as error:
            raise BadRequest(error.message, code="invalid_file") from error
        id = new_file_id()
        measured = _Measured(chunks, self._max_bytes)
        try:
            await put_stream(self._store, _content(id), measured.chunks(), media_type)
        except Exception as error:
            if measured.error is not None and measured.error is not error:  # the store has wrapped it
                raise measured.error from error
            if isinstance(error, BaseError | OSError):
                raise _away(error) from error
            raise
        expires_at = datetime.now(UTC) + self._lifetime
        upload = Upload(id, name, media_type, measured.size, measured.digest.hexdigest(), expires_at)
        try:
            await put(self._store, _about(id), _UPLOAD.dump_json(upload), "application/json")
        except (BaseError, OSError) as error:
            raise _away(error) from error
        return upload

    async def find(self, file_id: str) -> Upload:
        """Return an upload. Raises NotFound `file_not_found`, also for one that has expired; Unavailable."""
        if _ID.fullmatch(file_id) is None:
            raise _not_found(file_id)
        try:
            found = await get(self._store, _about(file_id))
            upload = _UPLOAD.validate_json(bytes(await found.bytes_async()))
        except FileNotFoundError as error:
            raise _not_found(file_id) from error
        except (BaseError, OSError) as error:
            raise _away(error) from error
        if upload.expires_at <= datetime.now(UTC):
            raise _not_found(file_id)
        return upload

    async def give(self, upload: Upload, run_id: str) -> None:
        """Copy the file to a run that is about to start. Raises NotFound `file_not_found`, Unavailable."""
        try:
            await self._artifacts.add(run_id, upload.name, upload.media_type, _content(upload.file_id))
        except FileNotFoundError as error:
            raise _not_found(upload.file_id) from error

    async def take_back(self, run_id: str) -> None:
        """Delete what was given to a run that does not start. Raises Unavailable."""
        await self._artifacts.delete_run(run_id)

    async def delete(self, file_id: str) -> None:
        """Runs keep it that have it; one that is gone already is no error. Raises Unavailable."""
        if _ID.fullmatch(file_id) is None:
            return
        try:
            await delete_under(self._store, f"{FOLDER}/{file_id}")
        except (BaseError, OSError) as error:
            raise _away(error) from error

    async def collect(self, now: datetime, limit: int) -> int:
        """Delete uploads whose time is over by then, at most `limit`; return how many there were. Raises Unavailable.

        An id begins with the moment at which it was made, also that of a file of which only a part has come.
        """
        try:
            ids = {key.split("/")[1] for key in await sizes_under(self._store, FOLDER)}
        except (BaseError, OSError) as error:
            raise _away(error) from error
        old = sorted(id for id in ids if _ID.fullmatch(id) and _made_at(id) + self._lifetime <= now)[:limit]
        for id in old:
            await self.delete(id)
        return len(old)


class _Measured:
    """Passes bytes through, counted and hashed. `error`: the exception of their source."""

    def __init__(self, chunks: AsyncIterator[bytes], max_bytes: int) -> None:
        self._chunks = chunks
        self._max_bytes = max_bytes
        self.size = 0
        self.digest = hashlib.sha256()
        self.error: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._chunks:
                self.size += len(chunk)
                if self.size > self._max_bytes:
                    limit = f"{self._max_bytes} bytes, the limit set by WAND_MAX_FILE_BYTES"
                    raise TooLarge(f"the file is larger than {limit}", code="file_too_large")
                self.digest.update(chunk)
                yield chunk
        except Exception as error:
            self.error = error
            raise


def _content(file_id: str) -> str:
    return f"{FOLDER}/{file_id}/content"


def _about(file_id: str) -> str:
    return f"{FOLDER}/{file_id}/about.json"


def _made_at(file_id: str) -> datetime:
    """Return the time in a UUID of version 7."""
    return datetime.fromtimestamp(int(file_id.removeprefix("f_")[:12], 16) / 1000, UTC)


def _not_found(file_id: str) -> NotFound:
    return NotFound(f"there is no uploaded file {file_id[:100]}, or its time is over", code="file_not_found")


def _away(error: Exception) -> Unavailable:
    return Unavailable("artifacts", f"the artifact store does not answer: {type(error).__name__}")
