"""What the command logs of agents that fail."""

import logging

import pytest
from temporalio.exceptions import ApplicationError

from activities.failures import AttemptFailure
from cli.logs import WithoutTrace, core_filter
from wand_orchestrator.contract import FailureDetails
from wand_orchestrator.errors import AgentError


def _logged(error: BaseException) -> logging.LogRecord:
    failure = AttemptFailure.of(error).for_temporal(FailureDetails())
    record = logging.LogRecord(
        "temporalio.activity", logging.WARNING, "", 0, "failed", (), (type(failure), failure, None)
    )
    assert WithoutTrace().filter(record)
    return record


def test_what_an_agent_raised_on_purpose_is_one_line() -> None:
    record = _logged(AgentError("the page is empty", code="empty_page"))

    assert record.getMessage() == "failed: empty_page: the page is empty"
    assert record.exc_info is None


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("x")])
def test_a_bug_keeps_its_stack_trace(error: Exception) -> None:
    record = _logged(error)

    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ApplicationError)


def test_races_of_temporals_core_are_told_only_to_somebody_who_debugs() -> None:
    races = "temporalio_sdk_core::worker::workflow=error"

    assert races in core_filter("info").split(",")
    assert races not in core_filter("debug").split(",")
    assert "temporalio_sdk_core=WARN" in core_filter("info").split(",")
