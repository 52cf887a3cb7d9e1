"""Reads what model calls used, as their events tell it: from replies, and from the errors of failed attempts."""

from typing import Any

from pydantic import ValidationError

from wand_orchestrator.contract.codes import TIMED_OUT, WORKER_LOST, WORKER_SHUTDOWN
from wand_orchestrator.contract.model_call import FailedCall, Usage
from wand_orchestrator.contract.names import AGENT_MODEL_TURN
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import Node

_UNTOLD = frozenset({TIMED_OUT, WORKER_LOST, WORKER_SHUTDOWN})
"""Codes of attempts that were ended from outside, in the middle of a request for all that anybody knows."""


def used_by_reply(node: Node, output: Any) -> dict[str, Any]:
    """Return `usage` for the data of the event that a model call succeeded; nothing for any other node.

    `output`: of the activity, by whatever worker.
    """
    if node.type != AGENT_MODEL_TURN or not isinstance(output, dict):
        return {}
    try:
        return _data(Usage.model_validate(output.get("usage")))
    except ValidationError:
        return {}


def used_by_failure(node: Node, failure: Failure) -> dict[str, Any]:
    """Return the same for a failed attempt."""
    return used_by_failed_call(failure) if node.type == AGENT_MODEL_TURN else {}


def used_by_failed_call(failure: Failure) -> dict[str, Any]:
    """Return the same for what is known to be a model call. One that the provider refused used nothing."""
    try:
        call = FailedCall.model_validate(failure.details or {})
    except ValidationError:
        return {}
    if call.usage is None and call.status is None:
        return used_by_lost_call() if failure.code in _UNTOLD else {}
    if call.usage is None:
        return _data(Usage(requests=1, usd=0.0))
    return _data(
        call.usage if call.complete else call.usage.model_copy(update={"partial_requests": call.usage.requests})
    )


def used_by_lost_call() -> dict[str, Any]:
    """Return the same for an attempt that ended before anybody could tell: the provider may charge it all the same."""
    return _data(Usage(requests=1, partial_requests=1))


def _data(usage: Usage) -> dict[str, Any]:
    return {"usage": usage.model_dump(mode="json")}
