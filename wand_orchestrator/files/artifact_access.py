"""Decides which files of runs an agent may read: those of its own run, of the runs above it and within it.

A run that somebody started and all child runs in it are one family: what one of them kept, another one can read, as
when a graph hands the URL of a file from one child run to the next. A retry belongs to the family of the run that it
goes on from, whose outputs it keeps. Everybody else's files are refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit

from wand_orchestrator.contract.ids import is_child_run_id
from wand_orchestrator.errors import AgentError, Conflict, NotFound
from wand_orchestrator.files.artifacts import OpenArtifact

_RUNS = "/runs/"
_ARTIFACTS = "/artifacts/"


class ReadableArtifacts(Protocol):
    async def read(self, run_id: str, name: str, node: str | None = None) -> OpenArtifact: ...


@dataclass(frozen=True)
class ArtifactReference:
    """A reference of an agent to a file: the URL that `save_artifact` returned, `node/name`, or the name alone.

    `run_id`: None of one that names no run.
    """

    run_id: str | None
    node: str | None
    name: str

    @classmethod
    def of(cls, text: str) -> "ArtifactReference":
        path = urlsplit(text).path if "://" in text else text
        before, found, rest = path.rpartition(_ARTIFACTS)
        _, runs, run_id = before.rpartition(_RUNS)
        if not (found and runs and run_id) or "/" in run_id:
            node, _, name = text.rpartition("/")
            return cls(None, node or None, name)
        node, _, name = rest.rpartition("/")
        return cls(unquote(run_id), unquote(node) or None, unquote(name))


@dataclass(frozen=True)
class Family:
    """A run and its relatives. `others`: the run that it is a part of, and those that it retries."""

    run_id: str
    others: tuple[str, ...] = ()

    def includes(self, run_id: str) -> bool:
        """Return whether it is one of these runs, or a child run in one of them."""
        return any(run_id == root or is_child_run_id(run_id, root) for root in (self.run_id, *self.others))

    def nearest(self) -> Iterator[str]:
        """Yield the ids of this run, of all that may be above it, and then of the others; the id of a child run begins
        with that of its parent.
        """
        run_id = self.run_id
        while self.includes(run_id):
            yield run_id
            run_id = run_id.rpartition(".")[0]
        yield from self.others


async def read_artifact(artifacts: ReadableArtifacts, family: Family, reference: str, max_bytes: int) -> bytes:
    """Return the bytes of a file.

    One that is named without its run is looked for in the own run, in those above it, and in those that it goes on
    from. Raises AgentError, which no retry mends: `artifact_not_found`, `ambiguous_artifact`, `artifact_refused` for a
    file of somebody else's run, `artifact_too_large`. Raises Unavailable.
    """
    wanted = ArtifactReference.of(reference)
    if wanted.run_id is not None and not family.includes(wanted.run_id):
        message = f"{reference[:200]!r} is a file of another run, which may not be read here"
        raise AgentError(message, code="artifact_refused", retryable=False)
    run_ids = family.nearest() if wanted.run_id is None else iter([wanted.run_id])
    for run_id in run_ids:
        try:
            opened = await artifacts.read(run_id, wanted.name, wanted.node)
        except NotFound:
            continue
        except Conflict as error:
            raise AgentError(error.message, code=error.code, retryable=False) from error
        return await _whole(opened, max_bytes)
    message = f"there is no file {reference[:200]!r} in this run or those above it"
    raise AgentError(message, code="artifact_not_found", retryable=False)


async def _whole(opened: OpenArtifact, max_bytes: int) -> bytes:
    """Return all bytes of the file; one that grows while it is read is bounded, too. Raises AgentError."""
    data = bytearray()
    if opened.artifact.size <= max_bytes:
        async for chunk in opened.chunks:
            data += chunk
            if len(data) > max_bytes:
                break
        else:
            return bytes(data)
    size = max(opened.artifact.size, len(data))
    message = f"the file {opened.artifact.name!r} has {size} bytes, and an agent reads {max_bytes} at most"
    raise AgentError(f"{message} (WAND_MAX_ARTIFACT_READ_BYTES)", code="artifact_too_large", retryable=False)
