"""Reads the details of failed activities, from whatever worker."""

from typing import Any

from pydantic import ValidationError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.node import FailureDetails
from wand_orchestrator.workflows.arrivals.bounded_reports import bounded_reports, bounded_value


def details_of(cause: ApplicationError) -> FailureDetails:
    """Return the details of a failed activity: those of Wand's runner, or anything that a worker says, as `details`."""
    if len(cause.details) == 1 and isinstance(first := cause.details[0], dict) and _is_ours(first):
        try:
            known = FailureDetails.model_validate(first)
        except ValidationError:
            known = FailureDetails(details=first)
    else:
        details = [_or_note(detail) for detail in cause.details]
        known = FailureDetails(details=details[0] if len(details) == 1 else details or None)
    reports = tuple(bounded_reports(known.reports))
    return known.model_copy(update={"details": bounded_value(known.details), "reports": reports})


def states_attempt(cause: ApplicationError) -> bool:
    """Return whether the first detail is the `FailureDetails` of an attempt."""
    return bool(cause.details) and isinstance(cause.details[0], dict) and "attempt" in cause.details[0]


def _is_ours(detail: dict[str, Any]) -> bool:
    """Return whether this is the `FailureDetails` of an attempt, or the `Failure` that a child run ends with."""
    return "attempt" in detail or {"code", "message", "node"} <= detail.keys()


def _or_note(detail: Any) -> Any:
    if isinstance(detail, RawValue | bytes):
        return {"unreadable": f"{len(detail if isinstance(detail, bytes) else detail.payload.data)} bytes"}
    return detail
