from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.exceptions import ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment

from wand_orchestrator import AgentError
from wand_orchestrator.activities.runner.attempt_failures import (
    ABANDONED,
    PAUSED,
    RESET,
    TIMEOUT,
    WORKER_SHUTDOWN,
    AttemptFailure,
)
from wand_orchestrator.activities.runner.exception_report import LONGEST_DELAY_SEC
from wand_orchestrator.activities.runner.temporal_errors import interruption, temporal_error
from wand_orchestrator.contract.node import (
    FailureDetails,
)
from wand_orchestrator.errors import NotFound

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
INFO = replace(ActivityEnvironment.default_info(), started_time=STARTED, start_to_close_timeout=timedelta(seconds=10))
KNOWN = FailureDetails(attempt=2, worker="host:1")


def test_an_agents_error_becomes_an_application_error_of_its_code() -> None:
    error = AgentError("slow down", code="busy", retry_after=1.5, details={"limit": 3})
    failure = AttemptFailure.of(error)
    told = temporal_error(failure, KNOWN)
    assert (told.type, told.message, told.non_retryable) == ("busy", "slow down", False)
    assert told.next_retry_delay == timedelta(seconds=1.5)
    assert told.details == (KNOWN.model_copy(update={"details": {"limit": 3}, "exception": failure.raised}),)
    journal = failure.for_journal("n")
    assert (journal.code, journal.message, journal.node, journal.details) == ("busy", "slow down", "n", {"limit": 3})


def test_an_error_that_no_retry_mends_is_not_retried() -> None:
    assert temporal_error(AttemptFailure.of(AgentError("no", retryable=False)), KNOWN).non_retryable


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ValueError("odd"), "ValueError", "odd"),
        (ZeroDivisionError(), "ZeroDivisionError", "ZeroDivisionError"),
        (NotFound("no such page"), "not_found", "no such page"),
    ],
)
def test_any_other_exception_is_named_by_its_class_or_code_and_retried(
    error: Exception, code: str, message: str
) -> None:
    told = temporal_error(AttemptFailure.of(error), KNOWN)
    assert (told.type, told.message, told.non_retryable) == (code, message, False)


@pytest.mark.parametrize("delay", [-1.0, float("nan")])
def test_a_delay_that_cannot_be_waited_for_leaves_the_nodes_backoff(delay: float) -> None:
    assert AttemptFailure.of(AgentError("busy", retry_after=delay)).retry_after is None


def test_an_endless_delay_is_bounded() -> None:
    failure = AttemptFailure.of(AgentError("busy", retry_after=float("inf")))
    assert failure.retry_after == timedelta(seconds=LONGEST_DELAY_SEC)


def test_details_of_any_shape_fit_a_history() -> None:
    thing = object()
    assert AttemptFailure.of(AgentError("odd", details=[thing])).details == [str(thing)]


@pytest.mark.parametrize(
    ("details", "failure"),
    [
        (ActivityCancellationDetails(cancel_requested=True), None),
        (ActivityCancellationDetails(cancel_requested=True, paused=True), None),
        (None, None),
        (ActivityCancellationDetails(timed_out=True), TIMEOUT),
        (ActivityCancellationDetails(worker_shutdown=True), WORKER_SHUTDOWN),
        (ActivityCancellationDetails(paused=True), PAUSED),
        (ActivityCancellationDetails(reset=True), RESET),
        (ActivityCancellationDetails(not_found=True), ABANDONED),
    ],
)
def test_why_temporal_stopped_an_attempt(
    details: ActivityCancellationDetails | None, failure: AttemptFailure | None
) -> None:
    assert interruption(details, INFO, STARTED) is failure


def test_an_attempt_unknown_to_the_server_after_its_time_has_timed_out() -> None:
    unknown = ActivityCancellationDetails(not_found=True)
    assert interruption(unknown, INFO, STARTED + timedelta(seconds=9.9)) is ABANDONED
    assert interruption(unknown, INFO, STARTED + timedelta(seconds=10)) is TIMEOUT
    assert interruption(unknown, replace(INFO, start_to_close_timeout=None), STARTED + timedelta(days=1)) is ABANDONED


def test_being_stopped_by_temporal_does_not_count_as_a_failure_in_metrics() -> None:
    assert temporal_error(WORKER_SHUTDOWN, KNOWN).category is ApplicationErrorCategory.BENIGN
    assert not temporal_error(WORKER_SHUTDOWN, KNOWN).non_retryable
