from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.activity import Info
from temporalio.common import RetryPolicy
from temporalio.testing import ActivityEnvironment

from wand_orchestrator import AgentError
from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure
from wand_orchestrator.activities.runner.next_attempt import next_attempt_at

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAILURE = AttemptFailure("busy", "it is busy")


def attempt(number: int, policy: RetryPolicy | None, within: timedelta | None = None) -> Info:
    info = ActivityEnvironment.default_info()
    return replace(info, attempt=number, retry_policy=policy, scheduled_time=NOW, schedule_to_close_timeout=within)


def seconds(info: Info, failure: AttemptFailure = FAILURE) -> float | None:
    at = next_attempt_at(info, failure, NOW)
    return None if at is None else (at - NOW).total_seconds()


@pytest.mark.parametrize(("number", "wait"), [(1, 2), (2, 6), (3, 18), (4, 20), (10_000, 20)])
def test_the_wait_grows_up_to_its_maximum(number: int, wait: float) -> None:
    policy = RetryPolicy(
        initial_interval=timedelta(seconds=2), backoff_coefficient=3, maximum_interval=timedelta(seconds=20)
    )
    assert seconds(attempt(number, policy)) == wait


def test_the_maximum_is_a_hundred_times_the_first_wait_if_not_given() -> None:
    assert seconds(attempt(50, RetryPolicy(initial_interval=timedelta(seconds=2)))) == 200


def test_the_last_attempt_has_no_next() -> None:
    policy = RetryPolicy(maximum_attempts=3)
    assert seconds(attempt(2, policy)) is not None
    assert seconds(attempt(3, policy)) is None


def test_a_failure_that_no_retry_mends_has_no_next() -> None:
    final = AttemptFailure.of(AgentError("no", retryable=False))
    assert seconds(attempt(1, RetryPolicy()), final) is None


def test_a_code_that_is_not_retried_has_no_next() -> None:
    assert seconds(attempt(1, RetryPolicy(non_retryable_error_types=["busy"]))) is None
    assert seconds(attempt(1, RetryPolicy(non_retryable_error_types=["other"]))) == 1


def test_the_agents_own_delay_comes_first() -> None:
    delayed = AttemptFailure.of(AgentError("busy", retry_after=7))
    assert seconds(attempt(1, RetryPolicy()), delayed) == 7


def test_a_next_attempt_beyond_the_nodes_time_does_not_come() -> None:
    policy = RetryPolicy(initial_interval=timedelta(seconds=5))
    assert seconds(attempt(1, policy, timedelta(seconds=6))) == 5
    assert seconds(attempt(1, policy, timedelta(seconds=5))) is None


def test_a_server_that_tells_no_policy_tries_again() -> None:
    assert seconds(attempt(9, None)) == 100
