"""Stores large payloads outside of Temporal's history: the SDK puts a reference into the history and asks this module
for the bytes.

    <store>/<workflow id>/<SHA-256>.json        a JSON value, as it would stand in the history
    <store>/<workflow id>/<SHA-256>.bin         anything else, such as what a payload codec has encrypted

Large params, inputs and outputs of nodes, which are kept to be looked at, lie among them in the same way.

What a payload is called follows from what is in it, so writing it again, as a replay or another attempt does, changes
nothing. It is kept with its run, so it can be told whether it is still needed.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Self
from urllib.parse import quote, unquote

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    ExternalStorage,
    SerializationContext,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
    WithSerializationContext,
)

from wand_orchestrator.contract.names import (
    is_rate_queue,
    is_served_by,
)
from wand_orchestrator.contract.node import (
    LOCAL_PAYLOAD_BYTES,
)
from wand_orchestrator.contract.run_input import read_ahead
from wand_orchestrator.errors import NotFound, Unavailable
from wand_orchestrator.files.object_store import ObjectStore, answering, delete_under, get, open_object_store, put
from wand_orchestrator.settings import Settings

DRIVER = "wand"
STORE_AWAY = "the payload store does not answer"
_answering = partial(answering, "payloads", STORE_AWAY)
"""How the error of a store that is away begins, also where only its text is known: in what a worker says."""

CHUNK_BYTES = 256 * 1024

NO_RUN = "none"
"""Stands for the workflow id of what belongs to no workflow."""

_NEVER = 2**31 - 1
"""Bytes above which a payload is kept elsewhere that is to stay in the history."""

_JSON = b"json/plain"
_KEY = re.compile(r"[^/]{1,240}/(?P<digest>[0-9a-f]{64})\.(?:json|bin)")
_CONTENT_TYPES = {"json": "application/json", "bin": "application/octet-stream"}


class PayloadStore(StorageDriver):
    """Stores payloads by workflow id. No method blocks the event loop (obstore has its own threads), and nothing has to
    be closed.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the store that the settings name. Raises ConfigurationError."""
        return cls(open_object_store(settings.effective_payloads_url, "WAND_PAYLOADS_URL"))

    def name(self) -> str:
        return DRIVER

    def type(self) -> str:
        return DRIVER

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        """Store payloads; return their references. Raises Unavailable."""
        folder = _folder_of(context)
        return await asyncio.gather(*(self._put(folder, payload) for payload in payloads))

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """Return the payloads of these references. Raises NotFound, Unavailable."""
        return await asyncio.gather(*(self._get(claim) for claim in claims))

    async def collect(self, before: datetime, is_open: Callable[[str], Awaitable[bool]], limit: int) -> int:
        """Delete what was written before that moment, unless `is_open(workflow id)`; return the number of deleted
        payloads.

        It ends when it has deleted `limit` or a few more, and knows nothing of what it has seen. What belongs to a run
        that is still open may be needed for a replay, however old it is. Raises Unavailable.
        """
        deleted = 0
        open_folders: dict[str, bool] = {}
        async for paths in self._written(before):
            for folder in {_folder_in(path) for path in paths} - open_folders.keys():
                open_folders[folder] = _is_digest(folder) or await is_open(unquote(folder))
            unneeded = [path for path in paths if not open_folders[_folder_in(path)]]
            await self._delete(unneeded)
            deleted += len(unneeded)
            if deleted >= limit:
                break
        return deleted

    async def keep(self, workflow_id: str, data: bytes) -> str:
        """Keep a JSON text with a workflow, beside its payloads; return the digest that `kept` reads it by. Raises
        Unavailable.
        """
        digest = await asyncio.to_thread(_digest, data)
        with _answering():
            await put(self._store, f"{_folder(workflow_id)}/{digest}.json", data, _CONTENT_TYPES["json"])
        return digest

    async def kept(self, workflow_id: str, digest: str) -> AsyncIterator[bytes]:
        """Return the text in pieces. Raises FileNotFoundError at once if it was deleted because of its age;
        Unavailable.
        """
        with _answering():
            found = await get(self._store, f"{_folder(workflow_id)}/{digest}.json")
        return _pieces(found)

    async def delete_run(self, workflow_id: str) -> None:
        """Delete all payloads of a workflow; what is gone already is no error. Raises Unavailable."""
        with _answering():
            await delete_under(self._store, _folder(workflow_id))

    async def _delete(self, paths: Sequence[str]) -> None:
        """Delete the paths in one call where the store can; one by one if some are gone already."""
        if not paths:
            return
        with _answering():
            try:
                await self._store.delete_async(paths)
            except FileNotFoundError:
                for path in paths:
                    with suppress(FileNotFoundError):
                        await self._store.delete_async(path)

    async def _put(self, folder: str, payload: Payload) -> StorageDriverClaim:
        digest = await asyncio.to_thread(_digest, payload.data)
        suffix = "json" if payload.metadata.get("encoding") == _JSON else "bin"
        key = f"{folder}/{digest}.{suffix}"
        with _answering():
            await put(self._store, key, payload.data, _CONTENT_TYPES[suffix])
        metadata = {name: value.decode("latin-1") for name, value in payload.metadata.items()}
        return StorageDriverClaim({"key": key, "metadata": json.dumps(metadata)})

    async def _get(self, claim: StorageDriverClaim) -> Payload:
        key = claim.claim_data["key"]
        match = _KEY.fullmatch(key)
        if match is None:
            raise NotFound(f"{key[:100]!r} is no key of a payload")
        try:
            with _answering():
                data = bytes(await (await get(self._store, key)).bytes_async())
        except FileNotFoundError as error:
            raise NotFound(
                f"the payload {key} is not there: it was kept in another place, or deleted after its retention "
                "(WAND_PAYLOADS_URL must name the same place for every worker and the API)"
            ) from error
        if await asyncio.to_thread(_digest, data) != match["digest"]:
            raise Unavailable("payloads", f"the payload {key} is damaged")
        await asyncio.to_thread(read_ahead, data)
        metadata = json.loads(claim.claim_data["metadata"])
        return Payload(metadata={name: value.encode("latin-1") for name, value in metadata.items()}, data=data)

    async def _written(self, before: datetime) -> AsyncIterator[list[str]]:
        """Yield the paths of what was written before that moment, in batches."""
        pages = self._store.list()
        while True:
            with _answering():
                page = await anext(aiter(pages), None)
            if page is None:
                return
            yield [meta["path"] for meta in page if meta["last_modified"] < before and _KEY.fullmatch(meta["path"])]


@dataclass(frozen=True)
class PayloadStorage(ExternalStorage, WithSerializationContext):
    """Implements the SDK's storage driver. `queue`: the task queue of the worker or caller that uses it.

    What local activities give goes to the server many at a time, so less of it may stand in the history. What goes to
    another queue stays in the history, as its worker may be anybody's and has no such place; what comes from there is
    written by that worker, whose own queue it is. The queue that one worker alone polls counts as the one it shares.
    """

    queue: str = ""

    def with_context(self, context: SerializationContext) -> "PayloadStorage":
        if not isinstance(context, ActivitySerializationContext):
            return self
        if context.is_local:
            return replace(self, payload_size_threshold=min(self.payload_size_threshold, LOCAL_PAYLOAD_BYTES))
        queue = context.activity_task_queue
        if queue in (None, self.queue) or is_served_by(queue, self.queue) or is_rate_queue(queue, self.queue):
            return self
        return replace(self, payload_size_threshold=_NEVER)


def with_payload_store(converter: DataConverter, settings: Settings, queue: str | None = None) -> DataConverter:
    """Return the converter with the payload store of the settings; a converter that has a store keeps its own.

    `queue`: the task queue of the worker that it is for; that of the settings without it.
    """
    storage = converter.external_storage
    if storage is None:
        storage = PayloadStorage(
            [PayloadStore.open(settings)],
            payload_size_threshold=settings.payload_threshold_bytes,
            queue=settings.task_queue,
        )
    if queue is not None and isinstance(storage, PayloadStorage):
        storage = replace(storage, queue=queue)
    return replace(converter, external_storage=storage)


async def _pieces(found: Any) -> AsyncIterator[bytes]:
    with _answering():
        async for piece in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(piece)


def _folder_of(context: StorageDriverStoreContext) -> str:
    target = context.target
    return _folder((target.id if isinstance(target, StorageDriverWorkflowInfo) else None) or NO_RUN)


def _folder(workflow_id: str) -> str:
    """Return the workflow id, which may hold any characters, as one segment of a path."""
    segment = quote(workflow_id, safe="").replace(".", "%2E")
    return segment if len(segment) <= 240 else hashlib.sha256(segment.encode()).hexdigest()


def _folder_in(path: str) -> str:
    return path.partition("/")[0]


def _is_digest(folder: str) -> bool:
    """Return whether the folder stands for a workflow id that was too long for a path, so that its workflow cannot be
    looked up.
    """
    return re.fullmatch("[0-9a-f]{64}", folder) is not None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
