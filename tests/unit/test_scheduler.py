"""The scheduler against a slow, obvious model, over random graphs, conditions, joins, failures and cancels."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from tests.scheduler_model import BROKEN, Model
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.workflows.scheduler import Decision, Outcome, Phase, Scheduler

FAILURE = Failure(code="boom", message="it broke")


def graph(nodes: Sequence[dict[str, Any] | str], edges: Sequence[tuple[Any, ...]] = (), **rest: Any) -> Graph:
    return Graph.model_validate(
        {
            "name": "g",
            "nodes": [{"type": "t", **({"id": node} if isinstance(node, str) else node)} for node in nodes],
            "edges": [{"from": edge[0], "to": edge[1], **(edge[2] if len(edge) > 2 else {})} for edge in edges],
            **rest,
        }
    )


def starts(scheduler: Scheduler) -> dict[str, dict[str, Any]]:
    """Everything that can start now, with its input."""
    started = {}
    while (start := scheduler.next_start()) is not None:
        started[start.node.id] = start.input
    return started


# Single rules


def test_a_mapped_value_reaches_the_target_under_its_key() -> None:
    scheduler = Scheduler(graph(["a", "b"], [("a", "b", {"map": {"text": "body.words[0]"}})]))
    assert starts(scheduler) == {"a": {}}
    scheduler.succeeded("a", {"body": {"words": ["hello"]}})
    assert starts(scheduler) == {"b": {"text": "hello"}}


def test_the_window_is_never_exceeded_and_always_used() -> None:
    scheduler = Scheduler(graph(list("abcde"), options={"concurrency": 2}))
    assert list(starts(scheduler)) == ["a", "b"]
    scheduler.succeeded("a", None)
    assert list(starts(scheduler)) == ["c"]
    assert tuple(scheduler.in_flight) == ("b", "c")


def test_a_skip_runs_on_through_the_graph() -> None:
    scheduler = Scheduler(graph(["a", "b", "c"], [("a", "b", {"when": "go"}), ("b", "c")]))
    starts(scheduler)
    decisions = scheduler.succeeded("a", {"go": False})
    assert [decision.node for decision in decisions] == ["b", "c"]
    assert scheduler.outcome is Outcome.SUCCEEDED
    assert scheduler.result() == RunResult(outputs={}, sinks=("c",), skipped=("c",))


def test_zero_is_true_in_jmespath() -> None:
    scheduler = Scheduler(graph(["a", "b"], [("a", "b", {"when": "count"})]))
    starts(scheduler)
    scheduler.succeeded("a", {"count": 0})
    assert list(starts(scheduler)) == ["b"]


def test_an_optional_node_that_fails_gives_null_and_the_run_goes_on() -> None:
    scheduler = Scheduler(
        graph([{"id": "a", "optional": True}, "b"], [("a", "b", {"map": {"x": "y"}})], sinks=["a", "b"])
    )
    starts(scheduler)
    scheduler.failed("a", FAILURE)
    assert starts(scheduler) == {"b": {"x": None}}
    scheduler.succeeded("b", 1)
    assert scheduler.result() == RunResult(outputs={"a": None, "b": 1}, sinks=("a", "b"))


def test_a_failure_stops_the_run_after_what_is_in_flight() -> None:
    scheduler = Scheduler(graph(["a", "b", "c"], options={"concurrency": 2}))
    starts(scheduler)
    scheduler.failed("a", FAILURE)
    assert scheduler.stopping
    assert starts(scheduler) == {}
    assert scheduler.outcome is None
    scheduler.cancelled("b")
    assert scheduler.outcome is Outcome.FAILED
    assert scheduler.failure == FAILURE


def test_an_expression_that_cannot_be_judged_fails_its_target() -> None:
    scheduler = Scheduler(graph(["a", "b"], [("a", "b", {"when": "length(count)"})]))
    starts(scheduler)
    decisions = scheduler.succeeded("a", {"count": 3})
    assert [(decision.node, decision.failure and decision.failure.code) for decision in decisions] == [
        ("b", "expression")
    ]
    assert scheduler.outcome is Outcome.FAILED


def test_an_output_is_kept_only_for_a_sink() -> None:
    scheduler = Scheduler(graph(["a", "b"], [("a", "b", {"map": {"x": "@"}})]))
    starts(scheduler)
    scheduler.succeeded("a", "large")
    starts(scheduler)
    assert "large" not in str(scheduler.carry())


def test_of_several_nodes_that_a_retry_keeps_the_first_in_the_graph_wins_a_race() -> None:
    edges = [("b", "won", {"map": {"v": "v"}}), ("a", "won", {"map": {"v": "v"}})]
    scheduler = Scheduler(graph(["a", "b", {"id": "won", "join": "first"}], edges))
    scheduler.keep({"a": {"v": 1}, "b": {"v": 2}})
    assert starts(scheduler) == {"won": {"v": 1}}


def test_a_cycle_ends_as_a_failure_and_not_as_a_run_without_end() -> None:
    scheduler = Scheduler(graph(["a", "b", "c"], [("a", "b"), ("b", "a")]))
    starts(scheduler)
    scheduler.succeeded("c", None)
    assert scheduler.outcome is Outcome.FAILED
    assert scheduler.failure is not None
    assert "cycle" in scheduler.failure.message


@pytest.mark.parametrize("size", [200, 400])
def test_steps_grow_with_nodes_and_edges_only(size: int) -> None:
    """Counted, not timed: how many edges are judged in a whole run of a layered graph."""
    nodes = [f"n{i}" for i in range(size)]
    edges = [(f"n{i}", f"n{j}") for i in range(size) for j in range(i + 1, min(size, i + 6))]
    scheduler = Scheduler(graph(nodes, edges))
    judged = 0
    take = scheduler._edges._take

    def counted(edge: Any, output: Any) -> Iterator[None]:
        nonlocal judged
        judged += 1
        return take(edge, output)

    scheduler._edges._take = counted  # type: ignore[method-assign]
    while scheduler.outcome is None:
        for node in starts(scheduler):
            scheduler.succeeded(node, {})
    assert judged == len(edges)


def test_a_node_kept_from_the_run_before_does_not_run_again() -> None:
    scheduler = Scheduler(graph(["a", "b", "c"], [("a", "b", {"map": {"x": "v"}}), ("b", "c", {"map": {"x": "v"}})]))

    assert scheduler.keep({"a": {"v": 1}, "b": {"v": 2}}) == []

    assert scheduler.progress == 66
    assert starts(scheduler) == {"c": {"x": 2}}


# Branches


def told(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(decision.node, decision.kind) for decision in decisions]


def test_an_edge_on_failure_sees_the_error_and_the_failure_is_handled() -> None:
    scheduler = Scheduler(graph(["a", "b", "c"], [("a", "b", {"on": "failure", "map": {"e": "error"}}), ("a", "c")]))
    starts(scheduler)
    assert told(scheduler.failed("a", FAILURE, 3)) == [("a", "handled"), ("c", "skipped")]
    error = {"code": "boom", "message": "it broke", "details": None, "attempt": 3}
    assert starts(scheduler) == {"b": {"e": error}}
    scheduler.succeeded("b", 1)
    assert scheduler.outcome is Outcome.SUCCEEDED
    assert scheduler.result() == RunResult(outputs={"b": 1}, sinks=("b", "c"), skipped=("c",))


def test_a_sink_whose_failure_is_handled_is_listed_as_failed() -> None:
    scheduler = Scheduler(graph(["a", "b"], [("a", "b", {"on": "failure"})]))
    starts(scheduler)
    scheduler.failed("a", FAILURE)
    starts(scheduler)
    scheduler.succeeded("b", 1)
    assert scheduler.result() == RunResult(outputs={"b": 1}, sinks=("a", "b"), failed=("a",))


def test_a_settled_edge_tells_success_from_failure() -> None:
    mapped = {"map": {"out": "output", "error": "error.code"}, "on": "settled"}
    for fails, mapping in ((True, {"out": None, "error": "boom"}), (False, {"out": 5, "error": None})):
        scheduler = Scheduler(graph(["a", "b"], [("a", "b", mapped)]))
        starts(scheduler)
        if fails:
            scheduler.failed("a", FAILURE)
        else:
            scheduler.succeeded("a", 5)
        assert starts(scheduler) == {"b": mapping}


def test_a_held_nodes_edges_are_judged_anew_after_each_of_its_failures() -> None:
    edges = [("a", "b", {"on": "failure", "when": "error.code == 'boom'"})]
    scheduler = Scheduler(graph(["a", "b"], edges, options={"on_failure": "pause"}))
    starts(scheduler)
    assert scheduler.failed("a", Failure(code="other", message="x")) == []
    assert scheduler.held == ("a",)
    scheduler.retry("a")
    starts(scheduler)
    assert told(scheduler.failed("a", FAILURE)) == [("a", "handled")]
    assert list(starts(scheduler)) == ["b"]


def test_otherwise_looks_at_the_conditions_of_the_same_outcome_only() -> None:
    edges: list[tuple[Any, ...]] = [
        ("a", "b", {"on": "settled", "when": "output"}),
        ("a", "c", {"when": "x"}),
        ("a", "d", {"when": "otherwise"}),
        ("a", "e"),
        ("a", "f", {"on": "settled", "when": "otherwise"}),
    ]
    scheduler = Scheduler(graph(list("abcdef"), edges))
    starts(scheduler)
    assert told(scheduler.succeeded("a", {"y": 1})) == [("c", "skipped"), ("f", "skipped")]
    assert list(starts(scheduler)) == ["b", "d", "e"]


def test_edges_of_the_runs_input_are_decided_at_the_start() -> None:
    edges = [("$input", "a", {"when": "x", "map": {"v": "v"}}), ("$input", "b", {"when": "otherwise"})]
    scheduler = Scheduler(graph(["a", "b"], edges))
    assert starts(scheduler) == {}
    assert told(scheduler.open({"x": True, "v": 3})) == [("b", "skipped")]
    assert scheduler.open({}) == []
    assert starts(scheduler) == {"a": {"v": 3}}


RACE = [("a", "c"), ("b", "d"), ("d", "c")]
"""`c` takes the first of `a` and, by way of `d`, `b`."""


def racing(*more: tuple[Any, ...], **rest: Any) -> Scheduler:
    nodes = ["a", "b", {"id": "c", "join": "first"}, "d", *dict.fromkeys(edge[1] for edge in more)]
    return Scheduler(graph(nodes, [*RACE, *more], **rest))


def test_what_only_led_to_other_edges_is_dropped_or_skipped() -> None:
    scheduler = racing()
    starts(scheduler)
    assert told(scheduler.succeeded("a", 1)) == [("d", "skipped"), ("b", "dropped")]
    assert scheduler.spare == ["b"]
    assert list(starts(scheduler)) == ["c"]
    assert scheduler.cancelled("b") == []
    scheduler.succeeded("c", 2)
    assert scheduler.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("how", ["failed", "succeeded"])
def test_however_a_spare_node_ends_the_run_goes_on(how: str) -> None:
    scheduler = racing(("b", "alert", {"on": "failure"}))
    starts(scheduler)
    assert ("b", "dropped") in told(scheduler.succeeded("a", 1))
    decisions = scheduler.failed("b", FAILURE) if how == "failed" else scheduler.succeeded("b", 1)
    assert told(decisions) == [("alert", "skipped")]
    assert not scheduler.stopping


@pytest.mark.parametrize("on", ["success", "settled"])
def test_a_node_that_something_else_needs_is_not_dropped(on: str) -> None:
    scheduler = racing(("b", "e", {"on": on}))
    starts(scheduler)
    assert told(scheduler.succeeded("a", 1)) == [("d", "skipped")]
    assert scheduler.spare == []


def test_a_sink_is_not_dropped() -> None:
    scheduler = racing(sinks=["b", "c"])
    starts(scheduler)
    assert told(scheduler.succeeded("a", 1)) == [("d", "skipped")]


def test_what_was_skipped_by_hand_needs_nothing() -> None:
    scheduler = racing(("b", "e"))
    starts(scheduler)
    scheduler.skipped("e")
    assert ("b", "dropped") in told(scheduler.succeeded("a", 1))


def test_spare_nodes_and_what_is_needed_are_known_after_a_restore() -> None:
    firsts = [{"id": "c", "join": "first"}, {"id": "e", "join": "first"}]
    document = graph(["a", "b", "x", *firsts], [("a", "c"), ("b", "c"), ("x", "e"), ("c", "e"), ("b", "e")])
    scheduler = Scheduler(document)
    starts(scheduler)
    assert scheduler.succeeded("a", 1) == []
    scheduler = Scheduler.restore(document, json.loads(to_json(scheduler.carry())))
    starts(scheduler)
    assert told(scheduler.succeeded("x", 1)) == [("b", "dropped"), ("c", "dropped")]
    scheduler = Scheduler.restore(document, json.loads(to_json(scheduler.carry())))
    assert scheduler.spare == ["b", "c"]


def test_an_edge_that_cannot_be_mapped_does_not_win() -> None:
    edges = [("a", "c", {"map": {"x": "v", "y": "length(v)"}}), ("b", "c", {"map": {"x": "v"}})]
    scheduler = Scheduler(graph(["a", "b", {"id": "c", "join": "first"}], edges))
    starts(scheduler)
    assert scheduler.succeeded("a", {"v": 1}) == []
    scheduler.succeeded("b", {"v": 2})
    assert starts(scheduler) == {"c": {"x": 2}}


def test_a_node_fails_of_an_edge_that_cannot_be_mapped_if_no_other_is_taken() -> None:
    edges = [("a", "c", {"map": {"x": "length(v)"}}), ("b", "c", {"when": "v"})]
    scheduler = Scheduler(graph(["a", "b", {"id": "c", "join": "first"}], edges))
    starts(scheduler)
    scheduler.succeeded("a", {"v": 1})
    assert told(scheduler.succeeded("b", {})) == [("c", "failed")]


def test_a_retry_keeps_who_won_and_does_not_race_again() -> None:
    scheduler = racing()
    assert told(scheduler.keep({"a": 1, "c": 2})) == [("d", "skipped"), ("b", "skipped")]
    assert scheduler.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("size", [2_000, 4_000])
def test_dropping_takes_a_step_for_each_edge(size: int) -> None:
    """A race of many arms, each of which leads to each of two nodes that take the first: counted, not timed."""
    arms = [f"n{index}" for index in range(size)]
    firsts = [{"id": name, "join": "first"} for name in ("x", "y")]
    edges = [(arm, target) for arm in arms for target in ("x", "y")]
    scheduler = Scheduler(graph([*arms, *firsts], edges, options={"concurrency": 10_000}))
    starts(scheduler)
    counted = [entry for entry in scheduler._entries.values() if entry.wanted]
    assert sum(entry.wanted for entry in counted) == 2 * size
    assert len(scheduler.succeeded(arms[0], 1)) == size - 1
    assert all(entry.wanted == 0 for entry in counted)


# Against the model


FAILED_AT = 2
ERROR = {"code": FAILURE.code, "attempt": FAILED_AT}
CONDITIONS = ["x", "x", "y", "y", "error.code", "output.x", "otherwise", "otherwise", BROKEN]
MAPPED = ["x", "x", "v", "v", "v", "error.code", "error.attempt", "output.v", "output.x", BROKEN]


@st.composite
def edges_into(draw: st.DrawFn, target: int) -> list[tuple[Any, ...]]:
    edges: list[tuple[Any, ...]] = []
    for source in ("$input", *(f"n{index}" for index in range(target))):
        if not draw(st.booleans()):
            continue
        rest: dict[str, Any] = {}
        if source != "$input":
            rest["on"] = draw(st.sampled_from(["success", "success", "success", "failure", "settled"]))
        if draw(st.integers(0, 2)) == 0:
            rest["when"] = draw(st.sampled_from(CONDITIONS))
        if draw(st.booleans()):
            rest["map"] = {f"from_{source}": draw(st.sampled_from(MAPPED))}
        edges.append((source, f"n{target}", rest))
    return edges


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, 9))
    joins = st.sampled_from(["all", "any", "first", "first"])
    nodes: list[dict[str, Any]] = [
        {"id": f"n{i}", "optional": draw(st.integers(0, 3)) == 0, "join": draw(joins)} for i in range(count)
    ]
    edges = [edge for target in range(count) for edge in draw(edges_into(target))]
    options = {
        "concurrency": draw(st.integers(1, 9)),
        "on_failure": draw(st.sampled_from(["cancel", "pause", "continue"])),
    }
    rest = {}
    if draw(st.booleans()):
        rest["sinks"] = draw(st.lists(st.sampled_from([node["id"] for node in nodes]), unique=True, min_size=1))
    return graph(nodes, edges, options=options, **rest)


@st.composite
def races(draw: st.DrawFn) -> Graph:
    """Arms of one or two nodes lead to the node `won`, which takes the first and may itself be an arm of another race;
    some have something hang from them."""
    arms = [f"arm{index}" for index in range(draw(st.integers(2, 4)))]
    nodes: list[dict[str, Any]] = [{"id": arm} for arm in arms]
    edges: list[tuple[Any, ...]] = []
    for arm in arms:
        if draw(st.booleans()):
            nodes.append({"id": f"{arm}-then", "join": draw(st.sampled_from(["all", "first"]))})
            edges += [(arm, f"{arm}-then"), (f"{arm}-then", "won")]
        else:
            edges.append((arm, "won", {"map": {"v": "v"}} if draw(st.booleans()) else {"when": "x"}))
        if draw(st.integers(0, 2)) == 0:
            nodes.append({"id": f"{arm}-side"})
            edges.append((arm, f"{arm}-side", {"on": draw(st.sampled_from(["success", "failure", "settled"]))}))
    nodes.append({"id": "won", "join": "first"})
    if draw(st.booleans()):
        nodes += [{"id": "other"}, {"id": "all", "join": "first"}]
        edges += [("won", "all"), ("other", "all"), (draw(st.sampled_from(arms)), "all")]
    on_failure = draw(st.sampled_from(["cancel", "pause", "continue"]))
    return graph(nodes, edges, options={"concurrency": draw(st.sampled_from([9, 9, 2])), "on_failure": on_failure})


class Walked:
    """A scheduler and the model, of which both are told the same."""

    def __init__(self, graph: Graph, chance: random.Random, meter: "Meter | None" = None) -> None:
        self.graph = graph
        self.chance = chance
        self.meter = meter
        self.fragility = chance.choice([0, 0.1, 0.3])
        self.run_input = {"x": chance.choice([True, False]), "v": 7}
        self.scheduler = Scheduler(graph, meter)
        self.model = Model(graph, ERROR, self.run_input)
        self.inputs: dict[str, dict[str, Any]] = {}
        self.decisions: list[Decision] = []

    def open(self, kept: dict[str, Any]) -> None:
        self._told(self.scheduler.keep(kept))
        self.model.keep(kept)
        self._told(self.scheduler.open(self.run_input))
        self.model.open()

    def start(self) -> None:
        self.inputs |= starts(self.scheduler)
        self.model.running |= set(self.scheduler.in_flight)

    def restore(self) -> None:
        carried = json.loads(to_json(self.scheduler.carry()))
        self.scheduler = Scheduler.restore(self.graph, carried, self.meter)

    def end(self, node: str, how: str, output: Any = None) -> None:
        self.model.running.discard(node)
        self.model.end(node, how, output)
        match how:
            case "succeeded":
                self._told(self.scheduler.succeeded(node, output))
            case "failed":
                self._told(self.scheduler.failed(node, FAILURE, FAILED_AT))
            case "cancelled":
                self._told(self.scheduler.cancelled(node))
            case "skipped":
                self._told(self.scheduler.skipped(node))

    def happen(self) -> None:
        """One random node in flight ends in a random way that its state allows."""
        running = sorted(self.model.running)
        if not running:
            return
        node = self.chance.choice(running)
        let_go = self.scheduler.stopping or self.scheduler.why_spare(node) is not None
        if let_go and self.chance.random() < 0.5:
            self.end(node, "cancelled")
        elif self.chance.random() < self.fragility:
            self.end(node, "failed")
        else:
            draw = self.chance.choice
            self.end(node, "succeeded", {"x": draw([True, False]), "y": draw([1, None]), "v": self.chance.random()})

    def steer(self) -> None:
        """Pause, resume, or skip any node that is not settled; one in flight is taken to have acknowledged."""
        action = self.chance.choice(["pause", "resume", "skip"])
        if action == "pause":
            self.scheduler.pause()
            self.model.paused = True
        elif action == "resume":
            self.scheduler.resume()
            self.model.paused = False
        elif unsettled := [node.id for node in self.graph.nodes if not self.scheduler.phase(node.id).settled]:
            self.end(self.chance.choice(unsettled), "skipped")

    def unblock(self) -> None:
        """What somebody does about a run that stands still."""
        if self.model.paused:
            self.model.paused = False
            self.scheduler.resume()
        for node in sorted(self.model.held):
            if node not in self.model.held:
                continue  # skipping another one has made it unneeded
            if self.chance.random() < 0.5:
                self.model.held.discard(node)
                self.scheduler.retry(node)
            else:
                self.end(node, "skipped")

    def check(self) -> None:
        scheduler, model = self.scheduler, self.model
        assert set(scheduler.in_flight) == model.running
        assert len(model.running) <= self.graph.options.concurrency
        assert scheduler.stopping or not model.stopped
        if scheduler.stopping:
            return
        assert set(scheduler.spare) == model.spare & model.running
        assert {node: self.inputs[node] for node in model.running} == {
            node: model.input(node) for node in model.running
        }
        assert scheduler.paused == (model.paused or bool(model.held))
        assert set(scheduler.held) == model.held
        if not scheduler.paused:
            assert len(model.running) == min(len(model.ready()), self.graph.options.concurrency)

    def check_end(self) -> None:
        scheduler, model = self.scheduler, self.model
        if scheduler.outcome is Outcome.FAILED:
            assert model.run_failed
        if scheduler.outcome in (Outcome.CANCELLED, Outcome.TIMED_OUT) or model.stopped:
            return
        assert model.ended.keys() == {node.id for node in self.graph.nodes}
        phases = {node.id: scheduler.phase(node.id) for node in self.graph.nodes}
        assert {node for node, phase in phases.items() if phase is Phase.SKIPPED} == model.skipped()
        assert {decision.node for decision in self.decisions if decision.kind == "handled"} == model.handled
        if scheduler.outcome is Outcome.SUCCEEDED:
            assert not model.run_failed
            self.check_result()

    def check_result(self) -> None:
        result, model = self.scheduler.result(), self.model
        given = {node: ending.output for node, ending in model.ended.items() if ending.how == "succeeded"}
        optional = {node.id: None for node in self.graph.nodes if node.optional and node.id in model.ended}
        failed = {node for node, ending in model.ended.items() if ending.how == "failed"}
        outputs = given | {node: None for node in optional.keys() & failed}
        assert result.sinks == self.graph.effective_sinks()
        assert result.outputs == {sink: outputs[sink] for sink in result.sinks if sink in outputs}
        assert set(result.skipped) == set(result.sinks) & model.skipped()
        assert set(result.failed) == set(result.sinks) & failed - optional.keys()
        assert {*result.outputs, *result.skipped, *result.failed} == set(result.sinks)

    def _told(self, decisions: list[Decision]) -> None:
        while self.scheduler.judging:
            assert self.meter is not None
            self.meter.exhausted = False
            decisions = decisions + self.scheduler.go_on()
        if self.meter is not None:
            self.meter.exhausted = False
        self.decisions += decisions


def _run_before(graph: Graph, chance: random.Random) -> dict[str, Any]:
    """What a retry keeps of a run that broke off: the outputs of what succeeded and need not run again."""
    walked = Walked(graph, chance)
    walked.open({})
    for _ in range(chance.randrange(10)):
        walked.start()
        walked.happen()
    again = graph.reached_from([node.id for node in graph.nodes if chance.random() < 0.1])
    ended = walked.model.ended
    outputs = {node: ending.output for node, ending in ended.items() if ending.how == "succeeded" and node not in again}
    kept = {node.id: outputs[node.id] for node in graph.nodes if node.id in outputs}
    depends = graph.reached_from(Scheduler(graph).left_by(kept, walked.run_input))
    return {node: output for node, output in kept.items() if node not in depends}


@settings(max_examples=600, deadline=None)
@given(
    graph=graphs() | races(),
    chance=st.randoms(use_true_random=False),
    carried=st.booleans(),
    cancels=st.sampled_from([False, False, False, True]),
    steers=st.booleans(),
    retries=st.booleans(),
    metered=st.booleans(),
)
def test_agrees_with_the_model(
    graph: Graph,
    chance: random.Random,
    carried: bool,
    cancels: bool,
    steers: bool,
    retries: bool,
    metered: bool,
) -> None:
    walked = Walked(graph, chance, Meter() if metered else None)
    walked.open(_run_before(graph, chance) if retries else {})
    progress = 0
    for _ in range(100 * len(graph.nodes) + 100):
        walked.start()
        walked.check()
        assert walked.scheduler.progress >= progress
        progress = walked.scheduler.progress
        if walked.scheduler.outcome is not None:
            break
        if carried and not walked.scheduler.stopping and chance.random() < 0.5:
            walked.restore()
        if cancels and chance.random() < 0.1:
            walked.scheduler.cancel()
        if walked.scheduler.paused and not walked.scheduler.stopping and not walked.model.running:
            walked.unblock()
        elif steers and not walked.scheduler.stopping and chance.random() < 0.3:
            walked.steer()
        else:
            walked.happen()
    assert walked.scheduler.outcome is not None
    walked.check_end()


# Expressions that take long


@dataclass
class Meter:
    """Exhausted after every expression, until it is told to go on."""

    exhausted: bool = False
    steps: list[int] = field(default_factory=list)

    def took(self, steps: int) -> None:
        self.steps.append(steps)
        self.exhausted = True

    @contextmanager
    def evaluation(self) -> Iterator[Budget]:
        budget = Budget()
        yield budget
        self.took(budget.used)

    def now(self) -> None:
        """There is no clock."""


def test_edges_wait_while_the_meter_is_exhausted_and_lose_nothing() -> None:
    meter = Meter()
    edges = [("a", "b", {"map": {"x": "[0] | @", "y": "[1]"}}), ("a", "c", {"when": "[9]"}), ("c", "d")]
    scheduler = Scheduler(graph(["a", "b", "c", "d"], edges), meter)
    starts(scheduler)

    assert scheduler.succeeded("a", [1, 2]) == []

    turns, decisions = 0, []
    while scheduler.judging:
        assert scheduler.outcome is None
        assert scheduler.next_start() is None
        meter.exhausted = False
        decisions += scheduler.go_on()
        turns += 1
    assert turns == 3
    assert [decision.node for decision in decisions] == ["c", "d"]
    assert starts(scheduler) == {"b": {"x": 1, "y": 2}}
    scheduler.succeeded("b", None)
    assert scheduler.outcome is Outcome.SUCCEEDED


def test_nothing_is_judged_past_an_exhausted_meter_whatever_ends_meanwhile() -> None:
    meter = Meter()
    scheduler = Scheduler(graph(["a", "b", "c"], [("a", "c", {"when": "@"}), ("b", "c", {"map": {"x": "@"}})]), meter)
    starts(scheduler)
    scheduler.succeeded("a", True)
    assert scheduler.succeeded("b", 5) == []
    assert len(meter.steps) == 1

    while scheduler.judging:
        meter.exhausted = False
        scheduler.go_on()
    assert starts(scheduler) == {"c": {"x": 5}}


def test_a_stop_does_not_wait_for_edges_that_are_still_to_be_judged() -> None:
    scheduler = Scheduler(graph(["a", "b"], [("a", "b", {"map": {"x": "@", "y": "@"}})]), Meter())
    starts(scheduler)
    scheduler.succeeded("a", 1)
    assert scheduler.judging
    scheduler.cancel()
    assert scheduler.outcome is Outcome.CANCELLED


def test_what_is_mapped_to_a_node_that_is_kept_is_not_evaluated() -> None:
    meter = Meter()
    scheduler = Scheduler(graph(["a", "b"], [("a", "b", {"map": {"x": "@"}})]), meter)
    scheduler.keep({"a": 1, "b": 2})
    assert meter.steps == []
    assert scheduler.outcome is Outcome.SUCCEEDED
