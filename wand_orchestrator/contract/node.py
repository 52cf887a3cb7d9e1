"""Defines the messages of a node: the call of its agent, what the agent reports, and how it ends."""

from typing import Any, Literal

from pydantic import Field

from wand_orchestrator.contract.emitted_text import PLACE_LENGTH, Names
from wand_orchestrator.contract.events import Level, Moment
from wand_orchestrator.contract.message import Message
from wand_orchestrator.contract.names import Attempt, Milliseconds, WorkerName
from wand_orchestrator.contract.state import Failure, Raised
from wand_orchestrator.graph import RetryRule

LOCAL_PAYLOAD_BYTES = 64 * 1024
"""A node with a larger input runs as a regular activity; a larger result of a local one is kept out of the history."""


class AgentCall(Message):
    """Input of every agent's activity. The run's id is the workflow id, the node's id the activity id."""

    params: dict[str, Any] = Field(default_factory=dict)
    input: dict[str, Any] = Field(default_factory=dict)
    idempotency_key: str = Field(default="", description="The same for all attempts of a node.")
    earlier_attempts: int = Field(default=0, description="Of the node, made as another activity before this one.")
    reads: tuple[str, ...] = Field(
        default=(),
        description="Runs besides its own whose files the agent may read, and those of their child runs: of a child "
        "run the one that somebody started, of a retry those that it goes on from.",
    )
    retry: tuple[RetryRule, ...] = Field(
        default=(), description="Rules of the node by error code, each with its `retries`; the worker applies them."
    )
    timeout_sec: float | None = Field(
        default=None,
        gt=0,
        description="Of a node that says what follows a timeout: how long an attempt may take. The worker ends it "
        "then; the server would do so a little later.",
    )
    pinned: str | None = Field(
        default=None,
        description="Of a tool of an MCP server: the digest of its description, as the run first saw it. The worker "
        "makes no call to a tool that is described otherwise by now.",
    )
    above: Names = Field(
        default=(), description="Of a child run: the runs above it, and the node's name in the events of each."
    )
    carries_on: bool = Field(
        default=False,
        description="The attempt began in an earlier history of the run, and this worker runs it already.",
    )


class Report(Message):
    """A report from inside a node: a log line, progress, or a failed attempt that another one follows."""

    kind: Literal["log", "progress", "retrying"]
    node: str
    attempt: Attempt
    message: str = ""
    level: Level = "info"
    percent: int | None = Field(default=None, ge=0, le=100)
    data: dict[str, Any] = Field(default_factory=dict)
    error: Failure | None = None
    next_attempt_at: Moment | None = None


class AgentResult(Message):
    """Result of every agent's activity. A worker in another language may leave out all but `output`."""

    output: Any = None
    attempt: Attempt = 1
    worker: WorkerName | None = None
    queued_ms: Milliseconds | None = None
    duration_ms: Milliseconds | None = None
    ended_at: Moment | None = Field(default=None, description="By the worker's clock.")
    reports: tuple[Report, ...] = Field(default=(), description="Reports not yet signalled when the agent returned.")
    text_at: str | None = Field(
        default=None,
        max_length=PLACE_LENGTH,
        description="JSON Pointer to the text in the output that the agent emitted before it returned it.",
    )


class FailureDetails(Message):
    """First detail of the application error that an agent's activity fails with."""

    details: Any = None
    exception: Raised | None = None
    attempt: Attempt = 1
    worker: WorkerName | None = None
    queued_ms: Milliseconds | None = None
    duration_ms: Milliseconds | None = None
    reports: tuple[Report, ...] = ()


class InFlight(Message):
    """A pending activity of a run; the activity `wand.in_flight` returns them by activity id.

    `queue`: of the one worker that runs it, if that worker can carry it on in another history of the run.
    `given_again`: how many of its node's attempts ended with their workers and do not use up retries; the run knows.
    `paused`: an operator holds its next attempt back.
    """

    attempt: Attempt
    running: bool
    paused: bool = False
    queue: str | None = None
    next_attempt_at: Moment | None = None
    given_again: Attempt = 0


class HeldAttempt(Message):
    """An attempt that a worker runs; the activity `wand.hold` returns those of a run by node."""

    attempt: Attempt
    started_at: Moment
