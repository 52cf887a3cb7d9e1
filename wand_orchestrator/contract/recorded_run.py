"""Defines a recorded run: what its models replied, as `wand runs record` writes it and tests read it."""

from pydantic import Field

from wand_orchestrator.contract.message import Message
from wand_orchestrator.contract.model_call import ModelReply


class RecordedOutcome(Message):
    """Which tool a model was told the result of, and how the call ended."""

    name: str
    status: str = "succeeded"


class RecordedFailure(Message):
    """A call of a model that failed. `retryable`: whether another attempt followed."""

    code: str
    message: str
    retryable: bool


class RecordedCall(Message):
    """A call of a model: what was new in it, and either the reply or the failure."""

    prompt: str | None = None
    outcomes: tuple[RecordedOutcome, ...] = ()
    reply: ModelReply | None = None
    failure: RecordedFailure | None = None


class RecordedRun(Message):
    """All calls of models of a run. `conversations`: by the node or part that had them, such as `write`, `research[3]`
    or `refund/write`, the oldest call first.
    """

    run_id: str
    graph: str = Field(description="The name of the graph.")
    conversations: dict[str, tuple[RecordedCall, ...]]
