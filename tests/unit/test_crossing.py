"""What an agent's attempts count for when its run goes on in a new history."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio import workflow
from temporalio.converter import ActivitySerializationContext

from wand_orchestrator.contract.codes import WORKER_LOST, WORKER_SHUTDOWN
from wand_orchestrator.contract.names import (
    worker_queue,
)
from wand_orchestrator.contract.node import (
    HeldAttempt,
    InFlight,
)
from wand_orchestrator.files.payloads import PayloadStorage, PayloadStore
from wand_orchestrator.graph import Node, Options
from wand_orchestrator.settings import Settings
from wand_orchestrator.workflows.journal.node_failures import (
    MAX_WORKER_SHUTDOWNS,
    Losses,
    NodeFailure,
)
from wand_orchestrator.workflows.nodes import agent_activities
from wand_orchestrator.workflows.nodes.activity_options import held_activity_options
from wand_orchestrator.workflows.nodes.agent_activities import Activities
from wand_orchestrator.workflows.nodes.attempts import Attempts
from wand_orchestrator.workflows.nodes.crossing import Held, Regular
from wand_orchestrator.workflows.nodes.workflow_task import WorkflowTask

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NODE = Node.model_validate({"id": "a", "type": "test.gate", "retries": 2})


def ignore(*_: Any) -> None: ...


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The options and calls of the activities that a workflow starts; none of them ends."""
    found: list[dict[str, Any]] = []

    def start(agent: str, call: Any, **options: Any) -> asyncio.Future[Any]:
        found.append({"call": call, **options})
        return asyncio.get_running_loop().create_future()

    monkeypatch.setattr(workflow, "start_activity", start)
    monkeypatch.setattr(workflow, "now", lambda: NOW)
    monkeypatch.setattr(workflow, "info", lambda: SimpleNamespace(workflow_id="r", get_current_history_length=int))
    return found


async def carry_on(monkeypatch: pytest.MonkeyPatch, crossed: InFlight, found: Held) -> Activities:
    async def held(_: Any) -> Held:
        return found

    monkeypatch.setattr(agent_activities, "held", held)
    task = WorkflowTask(wake=ignore)
    carried = Activities(Options(), task, ignore, Attempts(ignore), ignore, [], {"a": crossed})
    carried.start(NODE, {}, {}, carried.given_again("a"))
    for _ in range(5):
        await asyncio.sleep(0)
    return carried


async def test_attempts_that_do_not_use_up_retries_still_do_not_in_the_next_history(
    monkeypatch: pytest.MonkeyPatch, started: list[dict[str, Any]]
) -> None:
    """Attempts 1 to 3 were given back with their workers, so attempt 4 is the first of the node's own three."""
    crossed = InFlight(attempt=4, running=True, queue="q", given_again=3)
    carried = await carry_on(monkeypatch, crossed, {"a": ("q", HeldAttempt(attempt=4, started_at=NOW))})
    [activity] = started
    assert activity["task_queue"] == "q"
    assert activity["call"].carries_on
    assert activity["call"].earlier_attempts == 3
    assert activity["retry_policy"].maximum_attempts == 3
    crossing = carried.crossing({"a": InFlight(attempt=1, running=True, queue="q")})
    assert crossing == {"a": InFlight(attempt=4, running=True, queue="q", given_again=3)}


async def test_a_node_that_waited_for_a_worker_keeps_the_retries_that_it_has_left(
    monkeypatch: pytest.MonkeyPatch, started: list[dict[str, Any]]
) -> None:
    """Attempts 1 to 3 were given back, 4 was the node's own and failed, 5 waits."""
    await carry_on(monkeypatch, InFlight(attempt=5, running=False, given_again=3), {})
    [activity] = started
    assert "task_queue" not in activity
    assert activity["call"].earlier_attempts == 4
    assert activity["retry_policy"].maximum_attempts == 2


def test_the_attempts_of_all_activities_of_a_node_are_counted() -> None:
    counted = Regular(NOW, earlier_attempts=4, given_again=3).counted(InFlight(attempt=2, running=True))
    assert (counted.attempt, counted.given_again) == (6, 3)


def test_whoever_carries_an_attempt_on_is_known_to_beat() -> None:
    node = NODE.model_copy(update={"queue": "elsewhere"})
    options = held_activity_options(node, Options(), "q", 0)
    assert options.get("heartbeat_timeout") is not None
    assert options.get("schedule_to_start_timeout") == options.get("heartbeat_timeout")
    assert options.get("task_queue") == "q"


@pytest.mark.parametrize("code", [WORKER_LOST, WORKER_SHUTDOWN])
def test_losses_count_through_all_histories(code: str) -> None:
    losses, given_again = Losses(), 0
    while losses.is_given_again("a", NodeFailure.of(NODE, code, "gone")):
        given_again += 1
        losses = Losses(losses.carry())
    assert 0 < given_again <= MAX_WORKER_SHUTDOWNS


def test_what_was_told_of_an_attempt_is_not_told_again_in_the_next_history() -> None:
    before = Attempts(ignore)
    before.followed("a", 2)
    before.followed("b", 1)
    after = Attempts(ignore, before.carry({"a"}))
    assert after.ended("a") == 2
    assert after.ended("b") == 0


def test_the_queue_of_one_worker_counts_as_the_one_that_it_shares(tmp_path: Any) -> None:
    settings = Settings(data_dir=tmp_path)
    storage = PayloadStorage([PayloadStore.open(settings)], payload_size_threshold=1000, queue="wand")

    def threshold(queue: str) -> int | None:
        context = ActivitySerializationContext(
            namespace="default",
            activity_id="a",
            activity_type="test.gate",
            activity_task_queue=queue,
            workflow_id="r",
            workflow_type="GraphRun",
            is_local=False,
        )
        return storage.with_context(context).payload_size_threshold

    assert threshold("wand") == threshold(worker_queue("wand", "1")) == 1000
    assert threshold("elsewhere") == threshold(worker_queue("elsewhere", "1")) == 2**31 - 1


async def test_an_attempt_that_a_worker_keeps_although_the_server_knows_its_end_is_not_carried_on(
    monkeypatch: pytest.MonkeyPatch, started: list[dict[str, Any]]
) -> None:
    """Attempt 1 had failed before the crossing; attempt 2 waits for a worker."""
    crossed = InFlight(attempt=2, running=False)
    await carry_on(monkeypatch, crossed, {"a": ("q", HeldAttempt(attempt=1, started_at=NOW))})
    [activity] = started
    assert activity.get("task_queue") != "q"
    assert not activity["call"].carries_on
    assert activity["call"].earlier_attempts == 1
