"""Stores the conversations of models with the files of their run, out of the histories of Temporal.

    <artifact store>/<run id>/.conversations/<SHA-256>.json     one block: its messages, and the block before it

Each turn adds one block, so what is stored grows with the turns. A block is called after its content, so an attempt
that is made again changes nothing that another one reads. Blocks are no artifacts: no list shows them, and they are
deleted with their run.
"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from pydantic_core import from_json, to_json

from wand_orchestrator.errors import AgentError, Unavailable
from wand_orchestrator.files.artifact_access import Family
from wand_orchestrator.files.artifacts import STORE_AWAY, run_segment
from wand_orchestrator.files.object_store import ObjectStore, answering, get, open_object_store, put
from wand_orchestrator.settings import Settings

FOLDER = ".conversations"
CACHED_BYTES = 64 * 1024**2
MOST_BLOCKS = 10_000

_REFERENCE = re.compile(r"(?P<run>[^/]{1,1000})/(?P<digest>[0-9a-f]{64})")
_answering = partial(answering, "artifacts", STORE_AWAY)


@dataclass(frozen=True)
class Block:
    """What one turn added: its messages as JSON. `before`: the reference to the block before it."""

    messages: list[Any]
    before: str | None = None


class ConversationStore:
    """Stores blocks, and remembers the latest ones, so that a turn after another in this process reads none of them
    again. No method blocks the event loop.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._latest: OrderedDict[str, bytes] = OrderedDict()
        self._held = 0

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the store of the settings' artifacts. Raises ConfigurationError."""
        return cls(open_object_store(settings.effective_artifacts_url, "WAND_ARTIFACTS_URL"))

    async def add(self, run_id: str, block: Block) -> str:
        """Store a block and return the reference to it. Raises Unavailable."""
        data = to_json({"before": block.before, "messages": block.messages})
        reference = f"{run_id}/{hashlib.sha256(data).hexdigest()}"
        with _answering():
            await put(self._store, _key(reference), data, "application/json")
        self._remember(reference, data)
        return reference

    async def read(self, reference: str | None, family: Family) -> list[Any]:
        """Return all messages up to a block, the oldest first.

        Raises AgentError `conversation_lost`, which no retry mends, for a block that is not there or belongs to no run
        of the family; Unavailable.
        """
        blocks: list[list[Any]] = []
        while reference is not None:
            if len(blocks) >= MOST_BLOCKS:
                raise _lost(reference, f"it has more than {MOST_BLOCKS} blocks")
            block = await self._block(reference, family)
            blocks.append(block.messages)
            reference = block.before
        return [message for messages in reversed(blocks) for message in messages]

    async def _block(self, reference: str, family: Family) -> Block:
        match = _REFERENCE.fullmatch(reference)
        if match is None or not family.includes(match["run"]):
            raise _lost(reference, "it belongs to another run")
        data = self._latest.get(reference)
        if data is None:
            data = await self._stored(reference)
            if hashlib.sha256(data).hexdigest() != match["digest"]:
                raise Unavailable("artifacts", f"the conversation {reference} is damaged")
        self._remember(reference, data)
        return Block(**from_json(data))

    async def _stored(self, reference: str) -> bytes:
        try:
            with _answering():
                return bytes(await (await get(self._store, _key(reference))).bytes_async())
        except FileNotFoundError:
            reason = "its files were deleted, or WAND_ARTIFACTS_URL names another place on the worker that wrote it"
            raise _lost(reference, reason) from None

    def _remember(self, reference: str, data: bytes) -> None:
        if reference in self._latest:
            self._latest.move_to_end(reference)
            return
        self._latest[reference] = data
        self._held += len(data)
        while self._held > CACHED_BYTES:
            _, dropped = self._latest.popitem(last=False)
            self._held -= len(dropped)


def _key(reference: str) -> str:
    run_id, _, digest = reference.rpartition("/")
    return f"{run_segment(run_id)}/{FOLDER}/{digest}.json"


def _lost(reference: str, reason: str) -> AgentError:
    message = f"the conversation {reference[:200]} cannot be read: {reason}"
    return AgentError(message, code="conversation_lost", retryable=False)
