"""Translates Temporal's answers to calls on schedules into Wand's errors."""

import re

from temporalio.service import RPCError, RPCStatusCode

from wand_orchestrator.api.temporal.call import first_line
from wand_orchestrator.api.temporal.errors import AttributesMissing
from wand_orchestrator.errors import NotFound, Unavailable, WandError

_TOO_LARGE = re.compile("size exceeds limit|larger than max")


class ScheduleInvalid(WandError):
    """Temporal rejects the schedule; `pointer` leads to the part that it names, if any."""

    code = "schedule_invalid"
    status = 422


def not_found() -> NotFound:
    return NotFound("there is no such schedule of a graph", code="schedule_not_found")


def meaning(error: RPCError) -> WandError:
    """Return the translation for calls on one schedule."""
    reason = first_line(error.message)
    match error.status:
        case RPCStatusCode.NOT_FOUND if "namespace" not in reason.lower():
            return not_found()
        case RPCStatusCode.INVALID_ARGUMENT if "search attribute" in reason.lower():
            return AttributesMissing(reason)
        case RPCStatusCode.INVALID_ARGUMENT if "time zone" in reason:
            return ScheduleInvalid(
                "`time_zone` is not the name of a time zone, such as Europe/Paris",
                code="bad_time_zone",
                pointer="/time_zone",
            )
        case RPCStatusCode.INVALID_ARGUMENT if "Invalid schedule spec" in reason:
            why = reason.partition("Invalid schedule spec: ")[2]
            return ScheduleInvalid(f"`cron` cannot be read: {why}", code="bad_cron", pointer="/cron")
        case RPCStatusCode.INVALID_ARGUMENT | RPCStatusCode.RESOURCE_EXHAUSTED if _TOO_LARGE.search(reason):
            return ScheduleInvalid(f"`input` is too large for Temporal: {reason}", pointer="/input")
        case RPCStatusCode.INVALID_ARGUMENT:
            return ScheduleInvalid(f"Temporal refuses the schedule: {reason}")
        case _:
            return _away(reason)


def listing_meaning(error: RPCError) -> WandError:
    return _away(first_line(error.message))


def _away(reason: str) -> Unavailable:
    return Unavailable("temporal", f"Temporal does not answer: {reason}")
