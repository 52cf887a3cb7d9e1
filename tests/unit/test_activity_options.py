from datetime import timedelta

from wand_orchestrator.graph import Node, Options, Retry
from wand_orchestrator.workflows.nodes.activity_options import QUEUE_WAIT, activity_options, local_activity_options

OPTIONS = Options(default_timeout_sec=60, max_retries=2, retry=Retry(initial_interval_sec=1, max_interval_sec=10))


def node(**fields: object) -> Node:
    return Node.model_validate({"id": "a", "type": "agent.fetch", **fields})


def test_a_node_with_a_queue_may_wait_for_a_worker_on_top_of_what_all_its_attempts_take() -> None:
    limits = activity_options(node(queue="elsewhere"), OPTIONS)
    assert limits.get("schedule_to_close_timeout") == 3 * timedelta(seconds=60) + 2 * timedelta(seconds=10) + QUEUE_WAIT


def test_a_node_of_the_runs_own_queue_is_bounded_by_its_attempts_alone() -> None:
    """Any limit on all attempts costs the server a look through all open nodes of the run at each change of one."""
    limits = activity_options(node(), OPTIONS)
    assert "schedule_to_close_timeout" not in limits
    assert "schedule_to_start_timeout" not in limits
    assert limits.get("start_to_close_timeout") == timedelta(seconds=60)
    policy = limits.get("retry_policy")
    assert policy is not None
    assert policy.maximum_attempts == 3


def test_attempts_as_a_local_activity_count() -> None:
    policy = activity_options(node(), OPTIONS, earlier_attempts=2).get("retry_policy")
    assert policy is not None
    assert policy.maximum_attempts == 1


def test_a_local_activity_has_the_same_limits() -> None:
    regular, local = activity_options(node(), OPTIONS), local_activity_options(node(), OPTIONS)
    for name in ("start_to_close_timeout", "retry_policy", "activity_id", "summary"):
        assert local.get(name) == regular.get(name)


def test_only_a_worker_that_is_known_to_beat_is_given_up_for_its_silence() -> None:
    assert activity_options(node(), OPTIONS).get("heartbeat_timeout") == timedelta(seconds=10)
    assert activity_options(node(queue="elsewhere"), OPTIONS).get("heartbeat_timeout") is None
    beating = activity_options(node(queue="elsewhere", heartbeat_sec=5), OPTIONS)
    assert beating.get("heartbeat_timeout") == timedelta(seconds=5)
