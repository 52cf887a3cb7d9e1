from datetime import timedelta

from temporalio.common import RetryPolicy

from wand_orchestrator.contract.codes import TIMED_OUT_TYPE
from wand_orchestrator.graph import Node, Options, Retry
from wand_orchestrator.graphs.retries import rules_of
from wand_orchestrator.workflows.nodes.activity_options import (
    QUEUE_WAIT,
    activity_options,
    local_activity_options,
)

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


RULES = [{"codes": ["busy"], "retries": 7}, {"codes": ["timeout"], "retries": 1, "initial_interval_sec": 3}]


def policy_of(**fields: object) -> RetryPolicy:
    policy = activity_options(node(**fields), OPTIONS).get("retry_policy")
    assert policy is not None
    return policy


def test_of_rules_by_code_the_server_knows_the_most_attempts_and_what_holds_for_timeouts() -> None:
    policy = policy_of(retry=RULES)
    assert (policy.maximum_attempts, policy.initial_interval) == (8, timedelta(seconds=3))
    assert policy.non_retryable_error_types == []


def test_a_timeout_that_no_rule_names_is_not_tried_again() -> None:
    assert policy_of(retry=RULES[:1]).non_retryable_error_types == [TIMED_OUT_TYPE]


def test_a_timeout_is_not_tried_again_where_it_is_said_so() -> None:
    assert policy_of(retry={"non_retryable": ["timeout"]}).non_retryable_error_types == ["timeout", TIMED_OUT_TYPE]


def test_a_rule_that_does_not_say_it_has_the_retries_of_its_node() -> None:
    rules = [{"codes": ["busy"]}]
    assert [rule.retries for rule in rules_of(node(retry=rules), OPTIONS)] == [2]
    assert [rule.retries for rule in rules_of(node(retry=rules, retries=4), OPTIONS)] == [4]
    assert policy_of(retry=rules, retries=4).maximum_attempts == 5
    assert rules_of(node(), OPTIONS) == ()
