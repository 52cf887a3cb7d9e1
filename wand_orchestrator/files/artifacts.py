"""Stores artifacts: files that agents keep with a run, in a folder or an object store.

    <store>/<run id>/@<node id>/<name>            the file: two nodes can keep files of one name
    <store>/<run id>/@<node id>/.types/<name>     its media type, in a folder: an object store keeps it with the object
    <store>/<run id>/<name>                       a file that the run was started with
    <store>/.uploads/…                            files that wait for a run: see `wand_orchestrator.files.uploads`

A name is taken as it is, in Unicode's composed form, so that the files of a run can be looked at where they lie.
"""

import asyncio
import hashlib
import mimetypes
import re
import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, unquote

from obstore.store import LocalStore

from wand_orchestrator.errors import AgentError, Conflict, NotFound
from wand_orchestrator.files.object_store import (
    CONTENT_TYPE,
    ObjectStore,
    answering,
    copy,
    delete_under,
    get,
    open_object_store,
    put,
    sizes_under,
)

STORE_AWAY = "the artifact store does not answer"
_answering = partial(answering, "artifacts", STORE_AWAY)

MAX_NAME_BYTES = 240
"""File systems take 255 for a name, and a file that is being written carries a mark behind its own."""

CHUNK_BYTES = 256 * 1024
REQUESTS_AT_ONCE = 16
NODES_NAMED = 5
"""Of those whose files have one name, in an error."""

_MEDIA_TYPE = re.compile(r"[\w.+\-]+/[\w.+\-]+(?:; *[\w\-]+=[\w.+\-]+)*", re.ASCII)
_PUNCTUATION = "_.- "
_TYPES = ".types"
_NODE = "@"


@dataclass(frozen=True)
class Artifact:
    """An artifact without its bytes. `size` is in bytes, `url` is its path in the API; `node` saved it, and is None for
    files that the run was started with.
    """

    node: str | None
    name: str
    media_type: str
    size: int
    url: str


@dataclass(frozen=True)
class OpenArtifact:
    """An artifact with its bytes, which can be read once. A file that is replaced meanwhile is read as it was."""

    artifact: Artifact
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, order=True)
class _Place:
    """The key of an artifact in the store. The folder of a node begins with a mark that no file name can begin with."""

    folder: str
    name: str

    @classmethod
    def of(cls, run_id: str, node: str | None, name: str) -> "_Place":
        run = run_segment(run_id)
        return cls(run if node is None else f"{run}/{_NODE}{run_segment(node)}", name)

    @classmethod
    def at(cls, key: str) -> "_Place":
        folder, _, name = key.rpartition("/")
        return cls(folder, name)

    @property
    def key(self) -> str:
        return f"{self.folder}/{self.name}"

    @property
    def type_key(self) -> str:
        return f"{self.folder}/{_TYPES}/{self.name}"

    @property
    def node(self) -> str | None:
        _, _, node = self.folder.partition("/")
        return unquote(node.removeprefix(_NODE)) if node else None

    @property
    def is_artifact(self) -> bool:
        _, _, node = self.folder.partition("/")
        return not node or (node.startswith(_NODE) and "/" not in node)


class ArtifactStore:
    """Saves and reads the artifacts of runs. No method blocks the event loop (obstore has its own threads), and nothing
    has to be closed.
    """

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self._keeps_types = not isinstance(store, LocalStore)

    @classmethod
    def open(cls, location: str | Path) -> Self:
        """Open the store; see `open_object_store`. Raises ConfigurationError."""
        return cls(open_object_store(location, "WAND_ARTIFACTS_URL"))

    async def save(self, run_id: str, node: str, name: str, data: bytes, media_type: str) -> Artifact:
        """Write a file whole or not at all; one of the same node and name, of an earlier attempt, is replaced.

        Raises AgentError `invalid_artifact`, Unavailable.
        """
        name = normal_name(name)
        check_file(name, media_type)
        place = _Place.of(run_id, node, name)
        with _answering():
            if not self._keeps_types:
                await put(self.store, place.type_key, media_type.encode(), "text/plain")
            await put(self.store, place.key, data, media_type)
        return _artifact(run_id, place, media_type, len(data))

    async def list(self, run_id: str) -> tuple[Artifact, ...]:
        """Return the artifacts of a run, ordered by node and name; an empty list for an unknown run."""
        slots = asyncio.Semaphore(REQUESTS_AT_ONCE)

        async def describe(place: _Place, size: int) -> Artifact | None:
            async with slots:
                media_type = await self._media_type(place)
            return None if media_type is None else _artifact(run_id, place, media_type, size)

        with _answering():
            found = await self._places(run_id)
            described = await asyncio.gather(*(describe(place, size) for place, size in sorted(found.items())))
        return tuple(artifact for artifact in described if artifact is not None)

    async def read(self, run_id: str, name: str, node: str | None = None) -> OpenArtifact:
        """Open an artifact; without `node`, the only file of this name. Raises NotFound, Conflict `ambiguous_artifact`,
        Unavailable.
        """
        name = normal_name(name)
        if not _is_name(name):
            raise _not_found(run_id, name)
        try:
            with _answering():
                place = await self._only(run_id, name) if node is None else _Place.of(run_id, node, name)
                found = await get(self.store, place.key)
                media_type = found.attributes.get(CONTENT_TYPE) or await self._media_type(place)
        except FileNotFoundError as error:
            raise _not_found(run_id, name) from error
        artifact = _artifact(run_id, place, media_type or _guess(name), found.meta["size"])
        return OpenArtifact(artifact, _chunks(found))

    async def add(self, run_id: str, name: str, media_type: str, source: str) -> None:
        """Give a run the object `source` of the same store, as the file `name` that it is started with.

        Raises AgentError `invalid_artifact`, FileNotFoundError, Unavailable.
        """
        name = normal_name(name)
        check_file(name, media_type)
        place = _Place.of(run_id, None, name)
        with _answering():
            if not self._keeps_types:
                await put(self.store, place.type_key, media_type.encode(), "text/plain")
            await copy(self.store, source, place.key)

    async def delete_run(self, run_id: str) -> None:
        """Delete all files of a run; what is gone already is no error."""
        if not run_id:
            return
        with _answering():
            await delete_under(self.store, run_segment(run_id))

    async def _places(self, run_id: str) -> dict[_Place, int]:
        """Return the places of a run's files, with their sizes."""
        if not run_id:
            return {}
        found = await sizes_under(self.store, run_segment(run_id))
        placed = ((_Place.at(key), size) for key, size in found.items())
        return {place: size for place, size in placed if place.is_artifact}

    async def _only(self, run_id: str, name: str) -> _Place:
        found = [place for place in await self._places(run_id) if place.name == name]
        if (given := _Place.of(run_id, None, name)) in found:
            return given
        if not found:
            raise _not_found(run_id, name)
        if len(found) > 1:
            raise _ambiguous(run_id, name, sorted(place.node or "" for place in found))
        return found[0]

    async def _media_type(self, place: _Place) -> str | None:
        """Return the stored media type; None if the file has been deleted meanwhile."""
        try:
            if self._keeps_types:
                head = await self.store.get_async(place.key, options={"head": True})
                return head.attributes.get(CONTENT_TYPE) or _guess(place.name)
            kept = await get(self.store, place.type_key)
            return bytes(await kept.bytes_async()).decode()
        except FileNotFoundError:
            return None if self._keeps_types else _guess(place.name)


async def _chunks(found: Any) -> AsyncIterator[bytes]:
    with _answering():
        async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)


def run_segment(id: str) -> str:
    """Return `text`, an id of a run or node, as one segment of a path; a long one is cut and ends with its digest."""
    segment = quote(id, safe="").replace(".", "%2E")
    if len(segment) <= MAX_NAME_BYTES:
        return segment
    return segment[:160].replace("%", "_") + "~" + hashlib.sha256(id.encode()).hexdigest()


def normal_name(name: str) -> str:
    """Return the name in NFC, so that canonically equal names mean one file: clients and file systems use different
    forms.
    """
    return unicodedata.normalize("NFC", name)


def _is_name(name: str) -> bool:
    kinds = [unicodedata.category(character)[0] for character in name]
    fits = all(kind in "LNM" or character in _PUNCTUATION for kind, character in zip(kinds, name, strict=True))
    return fits and kinds[:1] in (["L"], ["N"]) and len(name.encode()) <= MAX_NAME_BYTES


def check_file(name: str, media_type: str) -> None:
    """Check the name and the media type of a file. Raises AgentError `invalid_artifact`."""
    if not _is_name(name):
        raise _invalid(
            f"{name[:100]!r} is no name for an artifact: letters, digits, '.', '-', '_' and spaces, "
            f"beginning with a letter or a digit, at most {MAX_NAME_BYTES} bytes"
        )
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise _invalid(f"{media_type[:100]!r} is no media type, such as image/svg+xml")


def _invalid(message: str) -> AgentError:
    return AgentError(message, code="invalid_artifact", retryable=False)


def _not_found(run_id: str, name: str) -> NotFound:
    return NotFound(f"the run {run_id} has no artifact {name!r}")


def _ambiguous(run_id: str, name: str, nodes: Sequence[str]) -> Conflict:
    more = f" and {len(nodes) - NODES_NAMED} more" if len(nodes) > NODES_NAMED else ""
    return Conflict(
        f"several nodes of the run {run_id} keep an artifact {name!r}, write one before it, as in "
        f"{nodes[-1]}/{name}: {', '.join(nodes[:NODES_NAMED])}{more}",
        code="ambiguous_artifact",
    )


def artifact_url(run_id: str, node: str | None, name: str) -> str:
    """Return the path of an artifact in the API."""
    parts = (name,) if node is None else (node, name)
    return f"/runs/{quote(run_id, safe='')}/artifacts/" + "/".join(quote(part, safe="") for part in parts)


def _artifact(run_id: str, place: _Place, media_type: str, size: int) -> Artifact:
    url = artifact_url(run_id, place.node, place.name)
    return Artifact(node=place.node, name=place.name, media_type=media_type, size=size, url=url)


def _guess(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
