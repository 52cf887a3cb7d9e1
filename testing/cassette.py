"""A recorded run as the script of a model: `wand runs record RUN > cassette.json`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wand_orchestrator.contract.recorded_run import RecordedCall, RecordedRun
from wand_orchestrator.errors import AgentError
from wand_orchestrator.testing.scripted_model import Answer, AskedTurn, ScriptedModel


class Cassette(ScriptedModel):
    """Replies as the models of a recorded run did, with their usage. `path`: of the file.

    A call that does not ask what the recorded one asked fails with `cassette_mismatch`: the graph or its tools have
    changed, so the replies may not fit any more. `strict=False` replies all the same. Raises OSError, and ValueError
    that says what does not fit, for a file that is no recording.
    """

    def __init__(self, path: str | Path, *, strict: bool = True) -> None:
        recorded = RecordedRun.model_validate_json(Path(path).read_bytes())
        super().__init__({node: _Replies(calls, strict) for node, calls in recorded.conversations.items()})


@dataclass(frozen=True)
class _Replies:
    """The calls of one conversation, as the function of a script."""

    calls: Sequence[RecordedCall]
    strict: bool

    def __call__(self, asked: AskedTurn) -> Answer:
        if asked.call >= len(self.calls):
            raise _mismatch(asked, f"{len(self.calls)} calls", f"call {asked.call + 1}")
        recorded = self.calls[asked.call]
        if self.strict:
            _require_same(asked, recorded)
        if recorded.failure is not None:
            failure = recorded.failure
            return AgentError(failure.message, code=failure.code, retryable=failure.retryable)
        return recorded.reply


def _require_same(asked: AskedTurn, recorded: RecordedCall) -> None:
    if asked.turn.prompt != recorded.prompt:
        raise _mismatch(asked, f"the prompt {recorded.prompt!r}", repr(asked.turn.prompt))
    then = [(outcome.name, outcome.status) for outcome in recorded.outcomes]
    now: list[tuple[str, Any]] = [(outcome.name, outcome.status) for outcome in asked.outcomes]
    if then != now:
        raise _mismatch(asked, f"the tool results {then}", str(now))


def _mismatch(asked: AskedTurn, then: str, now: str) -> AgentError:
    message = (
        f"the recorded run has {then} for {asked.node!r}, and this one {now}: record it anew, or give strict=False"
    )
    return AgentError(message, code="cassette_mismatch", retryable=False)
