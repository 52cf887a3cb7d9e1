"""Bounds reports, events and failures that other workers than Wand's own may have sent."""

from collections.abc import Iterator, Sequence
from typing import Any

from wand_orchestrator.contract.bounds import CODE_LENGTH, JSON_BYTES, bounded_json, bounded_text, is_too_deep
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.node import Report
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.workflows.size import size_up_to


def code_of(type: str | None) -> str:
    """Return the code of a failure whose application error has this type."""
    return (type or "agent_error")[:CODE_LENGTH]


def bounded_reports(reports: Sequence[Report]) -> Iterator[Report]:
    """Return the reports within the bounds that Wand's own workers apply; other workers may have sent them."""
    for report in reports:
        changes: dict[str, Any] = {}
        if (message := bounded_text(report.message)) != report.message:
            changes["message"] = message
        if (data := bounded_object(report.data)) is not report.data:
            changes["data"] = data
        if report.error is not None:
            changes["error"] = _bounded_failure(report.error)
        yield report.model_copy(update=changes) if changes else report


def bounded_event(event: Event) -> Event:
    changes = {"message": bounded_text(event.message), "data": bounded_object(event.data, 4 * JSON_BYTES)}
    return event.model_copy(update=changes)


def _bounded_failure(failure: Failure) -> Failure:
    changes = {
        "code": code_of(failure.code),
        "message": bounded_text(failure.message),
        "details": bounded_value(failure.details),
    }
    return failure.model_copy(update=changes)


def bounded_object(data: dict[str, Any], limit: int = JSON_BYTES) -> dict[str, Any]:
    bounded = bounded_value(data, limit)
    return bounded if isinstance(bounded, dict) else {"value": bounded}


def bounded_value(value: Any, limit: int = JSON_BYTES) -> Any:
    """Return the value itself if it is small; the estimate is rather too high than too low."""
    if size_up_to(value, limit) <= limit and not is_too_deep(value):
        return value
    return bounded_json(value, limit)
