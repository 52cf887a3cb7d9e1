"""Artifacts: files that agents keep with a run, in a folder or an object store.

    <store>/<run id>/<name>                 the file
    <store>/<run id>/.types/<name>          its media type, in a folder: an object store keeps it with the object

A name is taken as it is, so that the files of a run can be looked at where they lie.
"""

import asyncio
import mimetypes
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from obstore.exceptions import BaseError
from obstore.store import LocalStore

from wand_orchestrator.errors import AgentError, NotFound, Unavailable
from wand_orchestrator.object_store import ObjectStore, open_object_store

MAX_NAME_BYTES = 240
"""File systems take 255 for a name, and a file that is being written carries a mark behind its own."""

CHUNK_BYTES = 256 * 1024
REQUESTS_AT_ONCE = 16

_NAME = re.compile(r"[^\W_][\w.\- ]*")
_MEDIA_TYPE = re.compile(r"[\w.+\-]+/[\w.+\-]+(?:; *[\w\-]+=[\w.+\-]+)*", re.ASCII)
_TYPES = ".types"
_CONTENT_TYPE = "Content-Type"


@dataclass(frozen=True)
class Artifact:
    """`size` in bytes; `url` is its path in the API."""

    name: str
    media_type: str
    size: int
    url: str


@dataclass(frozen=True)
class OpenArtifact:
    """An artifact with its bytes, which can be read once. A file that is replaced meanwhile is read as it was."""

    artifact: Artifact
    chunks: AsyncIterator[bytes]


class ArtifactStore:
    """Nothing in it blocks the event loop: obstore has threads of its own. It holds nothing that must be closed."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._keeps_types = not isinstance(store, LocalStore)

    @classmethod
    def open(cls, location: str | Path) -> Self:
        """See `open_object_store`. Raises ConfigurationError."""
        return cls(open_object_store(location, "WAND_ARTIFACTS_URL"))

    async def save(self, run_id: str, name: str, data: bytes, media_type: str) -> Artifact:
        """Write a file whole or not at all; one of the same name, of an earlier attempt, is replaced.

        Raises AgentError `invalid_artifact`, Unavailable.
        """
        _check(run_id, name, media_type)
        key = _key(run_id, name)
        with _answering():
            if self._keeps_types:
                await self._store.put_async(key, data, attributes={_CONTENT_TYPE: media_type})
            else:
                await self._store.put_async(_key(run_id, _TYPES, name), media_type.encode())
                await self._store.put_async(key, data)
        return _artifact(run_id, name, media_type, len(data))

    async def list(self, run_id: str) -> tuple[Artifact, ...]:
        """In the order of their names; of a run that has none, or that nobody knows, none."""
        if not _is_run(run_id):
            return ()
        slots = asyncio.Semaphore(REQUESTS_AT_ONCE)

        async def describe(name: str, size: int) -> Artifact | None:
            async with slots:
                media_type = await self._media_type(run_id, name)
            return None if media_type is None else _artifact(run_id, name, media_type, size)

        with _answering():
            listed = await self._store.list_with_delimiter_async(_key(run_id))
            found = [(meta["path"].rpartition("/")[2], meta["size"]) for meta in listed["objects"]]
            described = await asyncio.gather(*(describe(name, size) for name, size in sorted(found)))
        return tuple(artifact for artifact in described if artifact is not None)

    async def read(self, run_id: str, name: str) -> OpenArtifact:
        """Raises NotFound, Unavailable."""
        if not (_is_name(name) and _is_run(run_id)):
            raise _not_found(run_id, name)
        try:
            with _answering():
                found = await self._store.get_async(_key(run_id, name))
                media_type = found.attributes.get(_CONTENT_TYPE) or await self._media_type(run_id, name)
        except FileNotFoundError as error:
            raise _not_found(run_id, name) from error
        artifact = _artifact(run_id, name, media_type or _guess(name), found.meta["size"])
        return OpenArtifact(artifact, _chunks(found))

    async def delete_run(self, run_id: str) -> None:
        """Delete all files of a run; what is gone already is no error."""
        if not _is_run(run_id):
            return
        with _answering():
            found = await self._store.list(_key(run_id)).collect_async()
            for meta in found:
                await self._delete(meta["path"])

    async def _delete(self, path: str) -> None:
        try:
            await self._store.delete_async(path)
        except FileNotFoundError:
            return

    async def _media_type(self, run_id: str, name: str) -> str | None:
        """None if the file has gone meanwhile."""
        try:
            if self._keeps_types:
                head = await self._store.get_async(_key(run_id, name), options={"head": True})
                return head.attributes.get(_CONTENT_TYPE) or _guess(name)
            kept = await self._store.get_async(_key(run_id, _TYPES, name))
            return bytes(await kept.bytes_async()).decode()
        except FileNotFoundError:
            return None if self._keeps_types else _guess(name)


async def _chunks(found: Any) -> AsyncIterator[bytes]:
    with _answering():
        async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)


@contextmanager
def _answering() -> Iterator[None]:
    """The store's own messages may hold signed URLs, so they stay in the cause."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise Unavailable("artifacts", f"the artifact store does not answer: {type(error).__name__}") from error


def _key(run_id: str, *parts: str) -> str:
    """A run id may be whatever somebody started a workflow with, and must stay one segment of a path."""
    segment = quote(run_id, safe="").replace(".", "%2E")
    return "/".join((segment, *parts))


def _is_run(run_id: str) -> bool:
    """Whether it can have artifacts: file systems have no folder for a longer name."""
    return 0 < len(_key(run_id)) <= MAX_NAME_BYTES


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and len(name.encode()) <= MAX_NAME_BYTES


def _check(run_id: str, name: str, media_type: str) -> None:
    if not _is_name(name):
        raise _invalid(
            f"{name[:100]!r} is no name for an artifact: letters, digits, '.', '-', '_' and spaces, "
            f"beginning with a letter or a digit, at most {MAX_NAME_BYTES} bytes"
        )
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise _invalid(f"{media_type[:100]!r} is no media type, such as image/svg+xml")
    if not _is_run(run_id):
        raise _invalid("the run's id is too long to keep artifacts under")


def _invalid(message: str) -> AgentError:
    return AgentError(message, code="invalid_artifact", retryable=False)


def _not_found(run_id: str, name: str) -> NotFound:
    return NotFound(f"the run {run_id} has no artifact {name!r}")


def _artifact(run_id: str, name: str, media_type: str, size: int) -> Artifact:
    url = f"/runs/{quote(run_id, safe='')}/artifacts/{quote(name)}"
    return Artifact(name=name, media_type=media_type, size=size, url=url)


def _guess(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
