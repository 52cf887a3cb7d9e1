"""Predicts whether and when Temporal's server will make another attempt."""

from datetime import datetime, timedelta

from temporalio.activity import Info
from temporalio.common import RetryPolicy

from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure


def next_attempt_at(info: Info, failure: AttemptFailure, failed_at: datetime) -> datetime | None:
    """Return when the next attempt begins after a failure at `failed_at`; None if there is none.

    Follows https://docs.temporal.io/encyclopedia/retry-policies; a server that tells no policy uses its default one.
    """
    policy = info.retry_policy or RetryPolicy()
    if not failure.retryable or failure.code in (policy.non_retryable_error_types or ()):
        return None
    if policy.maximum_attempts and info.attempt >= policy.maximum_attempts:
        return None
    moment = failed_at + (failure.retry_after or _interval(policy, info.attempt))
    if info.schedule_to_close_timeout and moment >= info.scheduled_time + info.schedule_to_close_timeout:
        return None
    return moment


def _interval(policy: RetryPolicy, attempt: int) -> timedelta:
    """Return initial * coefficient ** (attempt - 1), at most the maximum, which defaults to 100 times the initial."""
    longest = policy.maximum_interval or policy.initial_interval * 100
    try:
        return min(policy.initial_interval * policy.backoff_coefficient ** (attempt - 1), longest)
    except OverflowError:
        return longest
