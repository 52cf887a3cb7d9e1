"""Builds the outcomes of tool calls, as a model is told of them: every call gets exactly one."""

from typing import Any

from pydantic_core import to_json

from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.model_call import ToolCall, ToolOutcome
from wand_orchestrator.workflows.size import size_up_to

MOST_BYTES = 100_000
"""Of one result, that a model is told. The part of the call keeps the whole."""

MOST_BYTES_OF_A_TURN = 1_000_000
"""Of the results of all calls of one turn: the next turn is given them together."""

_MESSAGE_BYTES = 2_000


def succeeded(call: ToolCall, output: Any, calls: int, edited: dict[str, Any] | None = None) -> ToolOutcome:
    """Return the outcome of a call that ended well. `calls`: how many the turn makes. `edited`: the arguments, if a
    person changed them.
    """
    told = _told(output, min(MOST_BYTES, MOST_BYTES_OF_A_TURN // max(calls, 1)))
    if edited is not None:
        told = {"note": "a person changed the arguments of this call", "arguments": edited, "result": told}
    return ToolOutcome(id=call.id, name=call.name, status="succeeded", content=told)


def failed(call: ToolCall, code: str, message: str) -> ToolOutcome:
    return ToolOutcome(id=call.id, name=call.name, status="failed", content=f"{code}: {_sentence(message)}")


def refused(call: ToolCall, reason: str) -> ToolOutcome:
    return ToolOutcome(id=call.id, name=call.name, status="refused", content=_sentence(reason))


def cancelled(call: ToolCall) -> ToolOutcome:
    return ToolOutcome(id=call.id, name=call.name, status="cancelled", content="the call was cancelled")


def skipped(call: ToolCall) -> ToolOutcome:
    return ToolOutcome(id=call.id, name=call.name, status="skipped", content="a person skipped the call")


def _sentence(text: str) -> str:
    return bounded_text(text, _MESSAGE_BYTES)


def _told(output: Any, limit: int) -> Any:
    """Return the output, or, where it takes more than `limit` bytes, its head as text and a note."""
    if size_up_to(output, limit) <= limit:
        return output
    text = output.encode("utf-8", "replace") if isinstance(output, str) else to_json(output, inf_nan_mode="null")
    head = text[:limit].decode("utf-8", "ignore")
    return {"head": head, "note": f"the result has {len(text)} bytes, of which these are the first {limit}"}
