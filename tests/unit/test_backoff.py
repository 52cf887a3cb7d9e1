from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from temporalio.activity import Info
from temporalio.common import RetryPolicy
from temporalio.testing import ActivityEnvironment

from wand_orchestrator import AgentError
from wand_orchestrator.activities.runner.attempt_failures import TIMEOUT, AttemptFailure
from wand_orchestrator.activities.runner.next_attempt import by_rules, next_attempt_at
from wand_orchestrator.contract.codes import TIMED_OUT_TYPE
from wand_orchestrator.graph import RetryRules

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


def by_code(rules: list[dict[str, Any]], code: str, number: int = 1, most: int = 5, **failure: Any) -> float | None:
    """Seconds until the next attempt; None if there is none."""
    read = TypeAdapter(RetryRules).validate_python(rules)
    info = attempt(number, RetryPolicy(maximum_attempts=most + 1))
    return seconds(info, by_rules(AttemptFailure(code, "failed", **failure), read, info))


RULES = [
    {"codes": ["busy", "slow"], "retries": 5, "initial_interval_sec": 10, "max_interval_sec": 30},
    {"codes": ["*"], "retries": 2, "initial_interval_sec": 1},
]


@pytest.mark.parametrize(
    ("code", "number", "wait"),
    [("busy", 1, 10), ("slow", 2, 20), ("busy", 5, 30), ("busy", 6, None), ("other", 1, 1), ("other", 3, None)],
)
def test_the_first_rule_that_names_the_code_holds(code: str, number: int, wait: float | None) -> None:
    assert by_code(RULES, code, number) == wait


def test_what_no_rule_names_is_not_tried_again() -> None:
    assert by_code(RULES[:1], "other") is None


def test_no_rule_has_a_failure_tried_again_that_no_retry_can_mend() -> None:
    assert by_code(RULES, "busy", retryable=False) is None


def test_the_time_that_an_agent_asks_for_holds() -> None:
    assert by_code(RULES, "busy", retry_after=timedelta(seconds=7)) == 7


def test_attempts_of_earlier_activities_use_up_retries_of_a_rule() -> None:
    assert by_code(RULES, "busy", most=4) == 20
    assert by_code(RULES, "other", most=3) is None


def test_a_timeout_that_is_not_tried_again_has_no_next_attempt() -> None:
    assert seconds(attempt(1, RetryPolicy(non_retryable_error_types=[TIMED_OUT_TYPE])), TIMEOUT) is None
