"""Reads, checks and bounds all that enters a workflow: its input, results, errors, signals and updates. No other module
does.

Anybody may send any of it: a worker in another language, an operator with the `temporal` CLI, a program with a client
of its own. Whatever raises while it is read would fail the workflow task, which Temporal then tries again for ever, and
the run could be neither steered nor ended nor read. So it arrives raw, and what does not fit becomes a failure of the
node, a rejected update, or a warning about a signal. What fits is bounded, so that it can be written and read again.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.bounds import (
    CODE_LENGTH,
    JSON_BYTES,
    MAX_DEPTH,
    TEXT_BYTES,
    bounded_json,
    bounded_text,
    is_too_deep,
)
from wand_orchestrator.contract.codes import ANSWER_INVALID
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.limits import (
    PLAIN_INPUT_BYTES,
)
from wand_orchestrator.contract.node import (
    AgentCall,
    AgentResult,
    FailureDetails,
    Report,
)
from wand_orchestrator.contract.run import (
    RunResult,
)
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.contract.steering import (
    SIGNAL_CHILD_EVENTS,
    SIGNAL_EVENT,
    SIGNAL_REPORT,
    Answer,
    ChildEvents,
    SentEvent,
)
from wand_orchestrator.workflows.size import size_up_to

_JSON = b"json/plain"
_NAMED_FIELDS = 3
_LONGEST_ID = 1000
"""Characters of the id of a node or of a part of one."""

Model = TypeVar("Model", bound=BaseModel)


def result_of(given: Any) -> AgentResult:
    """Return the result of an agent's activity. Raises ApplicationError `invalid_output` for anything else."""
    if isinstance(given, AgentResult):
        result = given
    else:
        result = _read(AgentResult, given, "invalid_output", 'an object with the key "output"')
        if "output" not in result.model_fields_set:
            raise _misfit("invalid_output", 'the result has no key "output"')
    if not _has_few_levels(given):
        output_of(result.output)
    return result.model_copy(update={"reports": tuple(_bounded(result.reports))}) if result.reports else result


def output_of(output: Any) -> Any:
    """Return a node's output. Raises ApplicationError `invalid_output` for one that other processes could not read."""
    if is_too_deep(output):
        raise _misfit("invalid_output", f"the output has lists and objects more than {MAX_DEPTH} deep")
    return output


def check_given(params: Any, input: Any, limit: int) -> None:
    """Check the params and the input of a node, of `limit` bytes each. Raises ApplicationError `input_too_large`,
    `invalid_params` or `invalid_input`.
    """
    for code, given in (("invalid_params", params), ("invalid_input", input)):
        if size_up_to(given, limit) > limit:
            raise _misfit("input_too_large", f"params or input take more than {limit} bytes")
        if is_too_deep(given):
            raise _misfit(code, f"lists and objects are nested more than {MAX_DEPTH} deep")


def check_plain(call: AgentCall) -> None:
    """Check the arguments of a node with a `queue`. Raises ApplicationError `input_too_large` for what Temporal does
    not accept.
    """
    if size_up_to([call.params, call.input], PLAIN_INPUT_BYTES // 16) <= PLAIN_INPUT_BYTES // 16:
        return
    [payload] = workflow.payload_converter().to_payloads([call])
    if (size := len(payload.data)) > PLAIN_INPUT_BYTES:
        limit = f"and a worker of another queue takes {PLAIN_INPUT_BYTES} at most: map parts of it, or save artifacts"
        raise _misfit("input_too_large", f"params and input take {size} bytes, {limit}")


def run_result_of(given: Any) -> RunResult:
    """Return the result of a child run. Raises ApplicationError `invalid_output`."""
    return _read(RunResult, given, "invalid_output", "the result of a run")


def model_of(kind: type[Model], given: Any) -> Model:
    """Return the result of a core activity as this model. Raises ApplicationError `invalid_output`."""
    return _read(kind, given, "invalid_output", f"a {kind.__name__}")


def object_of(given: Any) -> dict[str, Any]:
    """Return the result of a core activity as an object with any keys. Raises ApplicationError `invalid_output`."""
    value = _value(given, "invalid_output", "an object")
    if not isinstance(value, dict):
        raise _misfit("invalid_output", f"expected an object, and got {_named(value)}")
    return value


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
    reports = tuple(_bounded(known.reports))
    return known.model_copy(update={"details": _bounded_value(known.details), "reports": reports})


def states_attempt(cause: ApplicationError) -> bool:
    """Return whether the first detail is the `FailureDetails` of an attempt."""
    return bool(cause.details) and isinstance(cause.details[0], dict) and "attempt" in cause.details[0]


def _is_ours(detail: dict[str, Any]) -> bool:
    """Return whether this is the `FailureDetails` of an attempt, or the `Failure` that a child run ends with."""
    return "attempt" in detail or {"code", "message", "node"} <= detail.keys()


def code_of(type: str | None) -> str:
    """Return the code of a failure whose application error has this type."""
    return (type or "agent_error")[:CODE_LENGTH]


def reports_of(given: Sequence[Any]) -> list[Report]:
    """Return the argument of the signal `report`; invalid reports are left out, with a warning in the worker's log."""
    items = _signalled(SIGNAL_REPORT, given)
    reports = [report for item in items if (report := _fitting(Report, item, SIGNAL_REPORT)) is not None]
    return list(_bounded(reports))


def child_events_of(given: Sequence[Any]) -> ChildEvents | None:
    """Return the argument of the signal `child_events`; None, with a warning in the worker's log, if it is invalid."""
    happened = _fitting(ChildEvents, given[0] if len(given) == 1 else None, SIGNAL_CHILD_EVENTS)
    if happened is None:
        return None
    events = tuple(_bounded_event(event) for event in happened.events if _is_of_its_kind(event))
    return happened.model_copy(update={"events": events})


def event_of(given: Sequence[Any]) -> SentEvent | None:
    """Return the arguments of the signal `event`; None, with a warning in the worker's log, for any but a name and
    data.
    """
    if not 1 <= len(given) <= 2:
        workflow.logger.warning("a signal %s is ignored: it takes a name and data", SIGNAL_EVENT)
        return None
    try:
        values = [plain(value) for value in given]
    except ValueError as error:
        workflow.logger.warning("a signal %s is ignored: %s", SIGNAL_EVENT, error)
        return None
    one = values[0] if len(values) == 1 and isinstance(values[0], dict) else None  # the Web UI sends one argument
    return _fitting(SentEvent, one or dict(zip(("name", "data"), values, strict=False)), SIGNAL_EVENT)


def node_of(given: Sequence[Any]) -> str:
    """Return the argument of an update that names a node. Raises ApplicationError `invalid_arguments`."""
    node = _only(given, "the id of a node")
    if not isinstance(node, str) or len(node) > _LONGEST_ID:
        raise _misfit("invalid_arguments", f"expected the id of a node, and got {_named(node)}")
    return node


def answer_of(given: Sequence[Any]) -> Answer:
    """Return the argument of the update `respond`. Raises ApplicationError `invalid_arguments`, `answer_invalid`."""
    answer = _read(Answer, _only(given, "an answer"), "invalid_arguments", 'an object with "node" and "answer"')
    node_of([answer.node])
    if is_too_deep(answer.answer):
        raise _misfit(ANSWER_INVALID, f"the answer has lists and objects more than {MAX_DEPTH} deep")
    return answer


def raw_json(given: Any) -> bytes | None:
    """Return the JSON text of a raw argument; None if it is not JSON, or was decoded already."""
    if isinstance(given, RawValue) and given.payload.metadata.get("encoding") == _JSON:
        return given.payload.data
    return None


def plain(given: Any) -> Any:
    """Return the JSON value of an argument, raw or decoded. Raises ValueError."""
    if not isinstance(given, RawValue):
        return given
    [value] = workflow.payload_converter().from_payloads([given.payload])
    if isinstance(value, RawValue | bytes):
        raise ValueError("it is not JSON that can be read")
    return value


def _read(kind: type[Model], given: Any, code: str, expected: str) -> Model:
    try:
        text = raw_json(given)
        return kind.model_validate(plain(given)) if text is None else kind.model_validate_json(text)
    except ValidationError as error:
        raise _misfit(code, f"expected {expected}: {_faults(error)}") from error
    except ValueError as error:
        raise _misfit(code, f"expected {expected}: {error}") from error


def _has_few_levels(given: Any) -> bool:
    """Return whether the text alone shows that the value is not too deep: a long list of numbers need not be walked."""
    text = raw_json(given)
    return text is not None and text.count(b"[") + text.count(b"{") <= MAX_DEPTH


def _value(given: Any, code: str, expected: str) -> Any:
    try:
        return plain(given)
    except ValueError as error:
        raise _misfit(code, f"expected {expected}: {error}") from error


def _only(given: Sequence[Any], expected: str) -> Any:
    if len(given) != 1:
        raise _misfit("invalid_arguments", f"expected one argument, {expected}, and got {len(given)}")
    return _value(given[0], "invalid_arguments", expected)


def _signalled(name: str, given: Sequence[Any]) -> list[Any]:
    items = given[0] if len(given) == 1 else None
    if isinstance(items, list):
        return items
    workflow.logger.warning("a signal %s is ignored: it takes one list, and got %d arguments", name, len(given))
    return []


def _fitting(kind: type[Model], given: Any, name: str) -> Model | None:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        workflow.logger.warning("a part of a signal %s is ignored: %s", name, _faults(error))
        return None


def _bounded(reports: Sequence[Report]) -> Iterator[Report]:
    """Return the reports within the bounds that Wand's own workers apply; other workers may have sent them."""
    for report in reports:
        changes: dict[str, Any] = {}
        if (message := bounded_text(report.message)) != report.message:
            changes["message"] = message
        if (data := _bounded_object(report.data)) is not report.data:
            changes["data"] = data
        if report.error is not None:
            changes["error"] = _bounded_failure(report.error)
        yield report.model_copy(update=changes) if changes else report


def _bounded_event(event: Event) -> Event:
    changes = {"message": bounded_text(event.message), "data": _bounded_object(event.data, 4 * JSON_BYTES)}
    return event.model_copy(update=changes)


def _bounded_failure(failure: Failure) -> Failure:
    changes = {
        "code": code_of(failure.code),
        "message": bounded_text(failure.message),
        "details": _bounded_value(failure.details),
    }
    return failure.model_copy(update=changes)


def _bounded_object(data: dict[str, Any], limit: int = JSON_BYTES) -> dict[str, Any]:
    bounded = _bounded_value(data, limit)
    return bounded if isinstance(bounded, dict) else {"value": bounded}


def _bounded_value(value: Any, limit: int = JSON_BYTES) -> Any:
    """Return the value itself if it is small; the estimate is rather too high than too low."""
    if size_up_to(value, limit) <= limit and not is_too_deep(value):
        return value
    return bounded_json(value, limit)


def _is_of_its_kind(event: Event) -> bool:
    """Return whether an event of a child run concerns the run or a node as its type says, under a valid name."""
    if event.node is None:
        return event.type.startswith("run.")
    return event.type.startswith("node.") and len(event.node) <= _LONGEST_ID and event.node.isprintable()


def _or_note(detail: Any) -> Any:
    if isinstance(detail, RawValue | bytes):
        return {"unreadable": f"{len(detail if isinstance(detail, bytes) else detail.payload.data)} bytes"}
    return detail


def _faults(error: ValidationError) -> str:
    """Return the fields at fault, without their values, which may be secret."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    named = [f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in found[:_NAMED_FIELDS]]
    return bounded_text("; ".join(named), TEXT_BYTES // 4)


def _named(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)


def _misfit(code: str, message: str) -> ApplicationError:
    return ApplicationError(message, type=code, non_retryable=True)
