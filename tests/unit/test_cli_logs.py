"""What the command logs of agents that fail."""

import logging

from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure
from wand_orchestrator.activities.runner.temporal_errors import temporal_error
from wand_orchestrator.cli.processes.logs import AgentTrace, core_filter
from wand_orchestrator.contract.node import (
    FailureDetails,
)
from wand_orchestrator.errors import AgentError


def _logged(error: BaseException) -> logging.LogRecord:
    failure = temporal_error(AttemptFailure.of(error), FailureDetails())
    record = logging.LogRecord(
        "temporalio.activity", logging.WARNING, "", 0, "failed", (), (type(failure), failure, None)
    )
    assert AgentTrace().filter(record)
    return record


def test_what_an_agent_raised_on_purpose_is_one_line() -> None:
    record = _logged(AgentError("the page is empty", code="empty_page"))

    assert record.getMessage() == "failed: empty_page: the page is empty"
    assert record.exc_info is None


def test_its_causes_stand_on_the_same_line() -> None:
    error = AgentError("the shop is shut", code="shut")
    error.__cause__ = ConnectionError("no route")

    assert _logged(error).getMessage() == "failed: shut: the shop is shut; ConnectionError: no route"


def test_a_bug_keeps_its_stack_trace_with_its_causes() -> None:
    try:
        try:
            raise ConnectionError("no route")
        except ConnectionError as cause:
            raise KeyError("city") from cause
    except KeyError as error:
        record = _logged(error)

    line = logging.Formatter("%(message)s").format(record)
    assert line.startswith("failed\nTraceback (most recent call last):")
    assert "ConnectionError: no route" in line
    assert line.endswith("KeyError: 'city'")
    assert line.count(__file__) == 2


def test_races_of_temporals_core_are_told_only_to_somebody_who_debugs() -> None:
    races = "temporalio_sdk_core::worker::workflow=error"

    assert races in core_filter("info").split(",")
    assert races not in core_filter("debug").split(",")
    assert "temporalio_sdk_core=WARN" in core_filter("info").split(",")
