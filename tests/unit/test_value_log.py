"""What workflows tell of their nodes waits in the log until somebody stores it."""

import pytest

from wand_orchestrator.temporal import value_log
from wand_orchestrator.temporal.value_log import UNSET, ToldNode, ValueLog


def told(log: ValueLog, run_id: str | None = None) -> list[tuple[str, str, object, object]]:
    return [(each.run_id, each.node, each.input, each.output) for each in log.take(run_id)]


def test_begin_and_end_of_a_node_come_as_one_if_both_wait() -> None:
    log = ValueLog()
    values = log.of_run("r", "r")

    values.begun("a", {}, {"x": 1})
    values.has_child("a", "r.a")
    values.ended("a", 2)

    [known] = log.take()
    assert known == ToldNode("r", "r", "a", True, {}, {"x": 1}, 2, "r.a")
    assert not log.take()


def test_a_node_that_begins_anew_has_no_output_of_before() -> None:
    log = ValueLog()
    values = log.of_run("r", "r")

    values.begun("a", {}, {"x": 1})
    values.ended("a", 2)
    values.begun("a", {}, {"x": 3})

    assert told(log) == [("r", "a", {"x": 3}, UNSET)]


def test_one_run_is_taken_without_the_others() -> None:
    log = ValueLog()
    for run_id in ("r1", "r2"):
        log.of_run(run_id, run_id).begun("a", {}, {})

    assert told(log, "r2") == [("r2", "a", {}, UNSET)]
    assert told(log, "r3") == []
    assert told(log) == [("r1", "a", {}, UNSET)]


def test_what_could_not_be_stored_comes_again_with_what_was_told_meanwhile() -> None:
    log = ValueLog()
    values = log.of_run("r", "r")
    values.begun("a", {}, {"x": 1})
    values.begun("b", {}, {"x": 1})
    taken = log.take()
    values.ended("a", 2)
    values.begun("b", {}, {"x": 2})

    log.put_back(taken)

    assert sorted(told(log), key=lambda each: each[1]) == [("r", "a", {"x": 1}, 2), ("r", "b", {"x": 2}, UNSET)]


def test_it_holds_a_bounded_number_of_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_log, "KEPT", 3)
    log = ValueLog()
    for number in range(10):
        log.of_run("r", f"r{number % 2}").begun(str(number), {}, {})

    assert len(log.take()) == 3
    assert not log
