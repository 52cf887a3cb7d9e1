"""Predicts whether and when Temporal's server will make another attempt."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio.activity import Info
from temporalio.common import RetryPolicy

from wand_orchestrator.activities.runner.attempt_failures import TIMEOUT, AttemptFailure
from wand_orchestrator.contract.codes import TIMED_OUT_TYPE
from wand_orchestrator.graph import RetryRule


def next_attempt_at(info: Info, failure: AttemptFailure, failed_at: datetime) -> datetime | None:
    """Return when the next attempt begins after a failure at `failed_at`; None if there is none.

    Follows https://docs.temporal.io/encyclopedia/retry-policies; a server that tells no policy uses its default one.
    """
    policy = info.retry_policy or RetryPolicy()
    never = policy.non_retryable_error_types or ()
    if not failure.retryable or failure.code in never or (failure is TIMEOUT and TIMED_OUT_TYPE in never):
        return None
    if policy.maximum_attempts and info.attempt >= policy.maximum_attempts:
        return None
    moment = failed_at + (failure.retry_after or _interval(policy, info.attempt))
    if info.schedule_to_close_timeout and moment >= info.scheduled_time + info.schedule_to_close_timeout:
        return None
    return moment


def by_rules(failure: AttemptFailure, rules: Sequence[RetryRule], info: Info) -> AttemptFailure:
    """Return the failure with the retry of the first rule that names its code: after which pause, or none.

    A time that the agent asks for holds, as it does without rules.
    """
    if not rules or not failure.retryable:
        return failure
    rule = next((rule for rule in rules if rule.names(failure.code)), None)
    if rule is None or _retries_before(rules, info) >= (rule.retries or 0):
        return replace(failure, retryable=False, retry_after=None)
    if failure.retry_after is not None:
        return failure
    policy = RetryPolicy(
        initial_interval=timedelta(seconds=rule.initial_interval_sec),
        backoff_coefficient=rule.backoff_coefficient,
        maximum_interval=timedelta(seconds=max(rule.max_interval_sec, rule.initial_interval_sec)),
    )
    return replace(failure, retry_after=_interval(policy, _retries_before(rules, info) + 1))


def _retries_before(rules: Sequence[RetryRule], info: Info) -> int:
    """Retries that the node has used up. Those of earlier activities are missing from what the policy allows."""
    most = max(rule.retries or 0 for rule in rules)
    allowed = info.retry_policy.maximum_attempts - 1 if info.retry_policy is not None else most
    return most - allowed + info.attempt - 1


def _interval(policy: RetryPolicy, attempt: int) -> timedelta:
    """Return initial * coefficient ** (attempt - 1), at most the maximum, which defaults to 100 times the initial."""
    longest = policy.maximum_interval or policy.initial_interval * 100
    try:
        return min(policy.initial_interval * policy.backoff_coefficient ** (attempt - 1), longest)
    except OverflowError:
        return longest
