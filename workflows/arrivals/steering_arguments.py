"""Reads the arguments of signals and updates."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from temporalio import workflow

from wand_orchestrator.contract.bounds import MAX_DEPTH, is_too_deep
from wand_orchestrator.contract.codes import ANSWER_INVALID
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.node import Report
from wand_orchestrator.contract.spending import (
    SIGNAL_SPENDING_ANSWERED,
    SIGNAL_SPENDING_ASKED,
    SIGNAL_SPENDING_ENDED,
    BudgetChange,
    SpendingAnswer,
    SpendingAsk,
    SpendingEnd,
)
from wand_orchestrator.contract.steering import (
    SIGNAL_CHILD_EVENTS,
    SIGNAL_EVENT,
    SIGNAL_REPORT,
    Answer,
    ChildEvents,
    SentEvent,
)
from wand_orchestrator.workflows.arrivals.bounded_reports import bounded_event, bounded_reports
from wand_orchestrator.workflows.arrivals.raw_values import Model, faults_of, misfit, named, plain, read, value_of

_LONGEST_ID = 1000
"""Characters of the id of a node or of a part of one."""


def reports_of(given: Sequence[Any]) -> list[Report]:
    """Return the argument of the signal `report`; invalid reports are left out, with a warning in the worker's log."""
    items = _signalled(SIGNAL_REPORT, given)
    reports = [report for item in items if (report := _fitting(Report, item, SIGNAL_REPORT)) is not None]
    return list(bounded_reports(reports))


def child_events_of(given: Sequence[Any]) -> ChildEvents | None:
    """Return the argument of the signal `child_events`; None, with a warning in the worker's log, if it is invalid."""
    happened = _fitting(ChildEvents, given[0] if len(given) == 1 else None, SIGNAL_CHILD_EVENTS)
    if happened is None:
        return None
    events = tuple(bounded_event(event) for event in happened.events if _is_of_its_kind(event))
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


def ask_of(given: Sequence[Any]) -> SpendingAsk | None:
    """Return the argument of the signal `spending_asked`; None, with a warning in the log, if it is invalid."""
    return _one(SpendingAsk, given, SIGNAL_SPENDING_ASKED)


def end_of(given: Sequence[Any]) -> SpendingEnd | None:
    """Return the argument of the signal `spending_ended`; None, with a warning in the log, if it is invalid."""
    return _one(SpendingEnd, given, SIGNAL_SPENDING_ENDED)


def spending_answer_of(given: Sequence[Any]) -> SpendingAnswer | None:
    """Return the argument of the signal `spending_answered`; None, with a warning in the log, if it is invalid."""
    return _one(SpendingAnswer, given, SIGNAL_SPENDING_ANSWERED)


def budget_change_of(given: Sequence[Any]) -> BudgetChange:
    """Return the argument of the update `budget`. Raises ApplicationError `invalid_arguments`."""
    return read(BudgetChange, _only(given, "a budget"), "invalid_arguments", 'an object with "budget"')


def node_of(given: Sequence[Any]) -> str:
    """Return the argument of an update that names a node. Raises ApplicationError `invalid_arguments`."""
    node = _only(given, "the id of a node")
    if not isinstance(node, str) or len(node) > _LONGEST_ID:
        raise misfit("invalid_arguments", f"expected the id of a node, and got {named(node)}")
    return node


def answer_of(given: Sequence[Any]) -> Answer:
    """Return the argument of the update `respond`. Raises ApplicationError `invalid_arguments`, `answer_invalid`."""
    answer = read(Answer, _only(given, "an answer"), "invalid_arguments", 'an object with "node" and "answer"')
    node_of([answer.node])
    if is_too_deep(answer.answer):
        raise misfit(ANSWER_INVALID, f"the answer has lists and objects more than {MAX_DEPTH} deep")
    return answer


def _only(given: Sequence[Any], expected: str) -> Any:
    if len(given) != 1:
        raise misfit("invalid_arguments", f"expected one argument, {expected}, and got {len(given)}")
    return value_of(given[0], "invalid_arguments", expected)


def _signalled(name: str, given: Sequence[Any]) -> list[Any]:
    items = given[0] if len(given) == 1 else None
    if isinstance(items, list):
        return items
    workflow.logger.warning("a signal %s is ignored: it takes one list, and got %d arguments", name, len(given))
    return []


def _one(kind: type[Model], given: Sequence[Any], name: str) -> Model | None:
    return _fitting(kind, given[0] if len(given) == 1 else None, name)


def _fitting(kind: type[Model], given: Any, name: str) -> Model | None:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        workflow.logger.warning("a part of a signal %s is ignored: %s", name, faults_of(error))
        return None


def _is_of_its_kind(event: Event) -> bool:
    """Return whether an event of a child run concerns the run or a node as its type says, under a valid name."""
    if event.node is None:
        return event.type.startswith("run.")
    return event.type.startswith("node.") and len(event.node) <= _LONGEST_ID and event.node.isprintable()
