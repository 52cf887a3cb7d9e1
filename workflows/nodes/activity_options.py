"""Translates a node's limits into the options of its activity."""

from collections.abc import Sequence
from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig, LocalActivityConfig

from wand_orchestrator.contract.codes import TIMED_OUT, TIMED_OUT_TYPE
from wand_orchestrator.graph import Node, Options, Retry, RetryRule
from wand_orchestrator.graphs.retries import retries_of
from wand_orchestrator.temporal.visibility import summary
from wand_orchestrator.workflows.control.base import Part

HEARTBEAT_SEC = 10.0
"""A worker silent for so long is given up, and the node is tried elsewhere, unless the node says `heartbeat_sec`. Of
a node with a `queue` only if it says so: the worker may be in another language, and none need beat."""

QUEUE_WAIT = timedelta(days=7)
"""How long a node may wait for a worker of its own queue, or its turn at its rate, on top of what all its attempts and
their backoff take."""

LOCAL_RETRY_THRESHOLD = timedelta(milliseconds=1)
"""A local activity waits longer than this for its next attempt by a durable timer, which ends the workflow task: what
is said of the failed attempt is then heard of while it waits."""


OWN_TIMEOUT_GRACE = timedelta(seconds=30)
"""How much later than the worker the server ends an attempt whose time is over, where the worker does so itself."""


def activity_options(node: Node, options: Options, earlier_attempts: int = 0) -> ActivityConfig:
    """Return Temporal's timeouts and retry policy for a node.

    `earlier_attempts`: those that were made as another activity and use up retries.
    """
    config = ActivityConfig(
        start_to_close_timeout=_start_to_close(node, options),
        heartbeat_timeout=_silence(node),
        retry_policy=_retry_policy(node, options, earlier_attempts),
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        activity_id=node.id,
        summary=_summary(node),
    )
    if node.queue is not None:
        config["task_queue"] = node.queue
    if node.queue is not None or node.rate is not None:
        # Wherever it is given, the server looks through all the run's open nodes at each change of one of them.
        config["schedule_to_close_timeout"] = _total(node, options)
    return config


def held_activity_options(node: Node, options: Options, queue: str, earlier_attempts: int) -> ActivityConfig:
    """Return the options for an attempt that its worker continues; the worker itself enforces the remaining time.

    Further attempts are made there, too, as long as there is that worker. It is one of Wand's own, so it beats.
    """
    config = activity_options(node, options, earlier_attempts)
    config.pop("schedule_to_close_timeout", None)
    config["task_queue"] = queue
    config["heartbeat_timeout"] = timedelta(seconds=node.heartbeat_sec or HEARTBEAT_SEC)
    config["schedule_to_start_timeout"] = config["heartbeat_timeout"]
    return config


def local_activity_options(node: Node, options: Options) -> LocalActivityConfig:
    """Return the options for a node that runs as a local activity, which has neither queue nor heartbeat."""
    return LocalActivityConfig(
        start_to_close_timeout=_start_to_close(node, options),
        retry_policy=_retry_policy(node, options),
        local_retry_threshold=LOCAL_RETRY_THRESHOLD,
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        activity_id=node.id,
        summary=_summary(node),
    )


def _summary(node: Node) -> str:
    label = node.label if isinstance(node, Part) else None
    return summary(f"{node.id} · {label or node.type}")


def _silence(node: Node) -> timedelta | None:
    if node.heartbeat_sec is None:
        return None if node.queue is not None else timedelta(seconds=HEARTBEAT_SEC)
    return timedelta(seconds=node.heartbeat_sec)


def _timeout(node: Node, options: Options) -> timedelta:
    return timedelta(seconds=node.timeout_sec or options.default_timeout_sec)


def own_timeout_sec(node: Node, options: Options) -> float | None:
    """Return after how many seconds the worker itself ends an attempt, so that what the node says of timeouts is
    applied; None if the server does.

    A policy has but one number of attempts, and the SDK tries a local activity again whatever it says of timeouts. A
    worker of another queue may be in another language, and know nothing of this.
    """
    retry = node.retry or options.retry
    told = TIMED_OUT in retry.non_retryable if isinstance(retry, Retry) else True
    return _timeout(node, options).total_seconds() if told and node.queue is None else None


def _start_to_close(node: Node, options: Options) -> timedelta:
    timeout = _timeout(node, options)
    return timeout if own_timeout_sec(node, options) is None else timeout + OWN_TIMEOUT_GRACE


def _total(node: Node, options: Options) -> timedelta:
    """Return the maximum duration of all attempts together, with pauses and the wait for a worker."""
    retries = retries_of(node, options)
    retry = node.retry or options.retry
    longest = max(_longest_sec(one) for one in ([retry] if isinstance(retry, Retry) else retry))
    backoff = retries * timedelta(seconds=longest)
    return _start_to_close(node, options) * (retries + 1) + backoff + QUEUE_WAIT


def _retry_policy(node: Node, options: Options, earlier_attempts: int = 0) -> RetryPolicy:
    """Return the retry policy. `earlier_attempts`: those made as another activity; the backoff continues from there.

    Of rules by error code the worker tells the server which holds, failure by failure; a timeout that the server itself
    finds out is tried again by the policy.
    """
    retry, never = _for_timeouts(node.retry or options.retry)
    retries = retries_of(node, options)
    longest = _longest_sec(retry)
    return RetryPolicy(
        initial_interval=timedelta(seconds=_interval_sec(retry, earlier_attempts, longest)),
        backoff_coefficient=retry.backoff_coefficient,
        maximum_interval=timedelta(seconds=longest),
        maximum_attempts=max(retries - earlier_attempts, 0) + 1,
        non_retryable_error_types=never,
    )


def _for_timeouts(retry: Retry | Sequence[RetryRule]) -> tuple[Retry | RetryRule, list[str]]:
    """Return the backoff after an attempt that timed out, and the types of errors that are not retried."""
    if isinstance(retry, Retry):
        return retry, [*retry.non_retryable, *([TIMED_OUT_TYPE] if TIMED_OUT in retry.non_retryable else [])]
    rule = next((rule for rule in retry if rule.names(TIMED_OUT)), None)
    return (retry[0], [TIMED_OUT_TYPE]) if rule is None else (rule, [])


def _interval_sec(retry: Retry | RetryRule, earlier_attempts: int, longest: float) -> float:
    try:
        return min(retry.initial_interval_sec * retry.backoff_coefficient**earlier_attempts, longest)
    except OverflowError:
        return longest


def _longest_sec(retry: Retry | RetryRule) -> float:
    """Return the longest pause between two attempts."""
    return max(retry.max_interval_sec, retry.initial_interval_sec)
