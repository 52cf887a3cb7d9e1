"""How a node's limits become the options of its activity."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig

from wand_orchestrator.graph import Node, Options, Retry

HEARTBEAT_SEC = 10.0
"""A worker silent for so long is given up, and the node is tried elsewhere, unless the node says `heartbeat_sec`."""

QUEUE_WAIT = timedelta(days=7)
"""How long a node may wait for a worker, on top of what all its attempts and their backoff can take."""

DEADLINE_MARGIN = timedelta(minutes=1)
"""So much later than the run's own deadline, which settles the run, does Temporal give up a node."""


def activity_options(node: Node, options: Options, remaining: timedelta | None) -> ActivityConfig:
    """Native timeouts and retry policy of a node; `remaining`: until the run's deadline, if it has one."""
    retries = options.max_retries if node.retries is None else node.retries
    timeout = timedelta(seconds=node.timeout_sec or options.default_timeout_sec)
    retry = node.retry or options.retry
    total = timeout * (retries + 1) + timedelta(seconds=_backoff_sec(retry, retries)) + QUEUE_WAIT
    config = ActivityConfig(
        start_to_close_timeout=timeout,
        schedule_to_close_timeout=total if remaining is None else min(total, remaining + DEADLINE_MARGIN),
        heartbeat_timeout=timedelta(seconds=node.heartbeat_sec or HEARTBEAT_SEC),
        retry_policy=_retry_policy(retry, retries),
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        activity_id=node.id,
        summary=f"{node.id} · {node.type}",
    )
    if node.queue is not None:
        config["task_queue"] = node.queue
    return config


def _retry_policy(retry: Retry, retries: int) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=timedelta(seconds=retry.initial_interval_sec),
        backoff_coefficient=retry.backoff_coefficient,
        maximum_interval=timedelta(seconds=max(retry.max_interval_sec, retry.initial_interval_sec)),
        maximum_attempts=retries + 1,
        non_retryable_error_types=list(retry.non_retryable),
    )


def _backoff_sec(retry: Retry, retries: int) -> float:
    """Seconds between all attempts together, at most."""
    return retries * max(retry.max_interval_sec, retry.initial_interval_sec)
