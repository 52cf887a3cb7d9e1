"""The scheduler against a slow, obvious model, over random graphs, conditions, joins, failures and cancels."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.workflows.scheduler import Outcome, Phase, Scheduler

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
    assert scheduler.result() == ({}, ("c",), ("c",))


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
    assert scheduler.result() == ({"a": None, "b": 1}, ("a", "b"), ())


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
    take = scheduler._take

    def counted(edge: Any, output: Any) -> Iterator[None]:
        nonlocal judged
        judged += 1
        return take(edge, output)

    scheduler._take = counted  # type: ignore[method-assign]
    while scheduler.outcome is None:
        for node in starts(scheduler):
            scheduler.succeeded(node, {})
    assert judged == len(edges)


def test_a_node_kept_from_the_run_before_does_not_run_again() -> None:
    scheduler = Scheduler(graph(["a", "b", "c"], [("a", "b", {"map": {"x": "v"}}), ("b", "c", {"map": {"x": "v"}})]))

    assert scheduler.keep({"a": {"v": 1}, "b": {"v": 2}}) == []

    assert scheduler.progress == 66
    assert starts(scheduler) == {"c": {"x": 2}}


# Against the model


@dataclass
class Model:
    """Decides by looking at everything again each time; no state but what happened."""

    graph: Graph
    finished: dict[str, Any] = field(default_factory=dict)  # output of nodes that succeeded, None for optional failures
    failed: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)  # by hand
    paused: bool = False

    def status(self, node: str) -> str:
        """`settled`, `skipped`, `ready` or `pending`."""
        if node in self.finished or node in self.failed:
            return "settled"
        if node in self.skipped:
            return "skipped"
        if node in self.held:
            return "held"
        edges = [edge for edge in self.graph.edges if edge.target == node]
        taken = [self.taken(edge) for edge in edges]
        if None in taken:
            return "pending"
        join = next(item.join for item in self.graph.nodes if item.id == node)
        runs = all(taken) if join == "all" or not edges else any(taken)
        return "ready" if runs else "skipped"

    def taken(self, edge: Any) -> bool | None:
        if edge.source in self.finished:
            output = self.finished[edge.source]
            return edge.when is None or bool(output and output.get(edge.when))
        return False if edge.source in self.failed or self.status(edge.source) == "skipped" else None

    def input(self, node: str) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for edge in self.graph.edges:
            if edge.target == node and self.taken(edge):
                output = self.finished[edge.source]
                given |= {key: (output or {}).get(value) for key, value in edge.map.items()}
        return given


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, 9))
    nodes: list[dict[str, Any]] = [
        {"id": f"n{i}", "optional": draw(st.booleans()), "join": draw(st.sampled_from(["all", "any"]))}
        for i in range(count)
    ]
    edges: list[tuple[Any, ...]] = []
    for target in range(count):
        for source in range(target):
            if draw(st.integers(0, 2)) == 0:
                rest: dict[str, Any] = {}
                if draw(st.booleans()):
                    rest["when"] = draw(st.sampled_from(["x", "y"]))
                if draw(st.booleans()):
                    rest["map"] = {f"from_{source}": draw(st.sampled_from(["x", "v"]))}
                edges.append((f"n{source}", f"n{target}", rest))
    options = {
        "concurrency": draw(st.integers(1, 4)),
        "on_failure": draw(st.sampled_from(["cancel", "pause", "continue"])),
    }
    return graph(nodes, edges, options=options)


@settings(max_examples=600, deadline=None)
@given(
    graph=graphs(),
    chance=st.randoms(use_true_random=False),
    carried=st.booleans(),
    cancels=st.booleans(),
    steers=st.booleans(),
    retries=st.booleans(),
)
def test_agrees_with_the_model(
    graph: Graph, chance: random.Random, carried: bool, cancels: bool, steers: bool, retries: bool
) -> None:
    kept = _run_before(chance, graph) if retries else {}
    scheduler, model = Scheduler(graph), Model(graph, finished=dict(kept))
    scheduler.keep(kept)
    running: dict[str, dict[str, Any]] = {}
    progress = 0
    optional = {node.id for node in graph.nodes if node.optional}
    for _ in range(100 * len(graph.nodes) + 100):
        running |= starts(scheduler)
        _check(scheduler, model, running, graph)
        assert scheduler.progress >= progress
        progress = scheduler.progress
        if scheduler.outcome is not None:
            break
        if carried and not running:
            scheduler = Scheduler.restore(graph, scheduler.carry())
        if cancels and chance.random() < 0.1:
            scheduler.cancel()
        if scheduler.paused and not scheduler.stopping and not running:
            _unblock(chance, scheduler, model)
        elif steers and chance.random() < 0.3:
            _steer(chance, scheduler, model, running, graph)
        _happen(chance, scheduler, model, running, optional)
    assert scheduler.outcome is not None
    if scheduler.outcome is Outcome.FAILED and graph.options.on_failure == "continue":
        assert model.failed
        assert all(model.status(node.id) in ("settled", "skipped") for node in graph.nodes)
    if scheduler.outcome is Outcome.SUCCEEDED:
        assert not model.failed
        assert all(model.status(node.id) in ("settled", "skipped") for node in graph.nodes)
        skipped = {node.id for node in graph.nodes if model.status(node.id) == "skipped"}
        assert {node.id for node in graph.nodes if scheduler.phase(node.id) is Phase.SKIPPED} == skipped
        outputs, sinks, missing = scheduler.result()
        assert outputs == {sink: model.finished[sink] for sink in sinks if sink not in skipped}
        assert set(missing) == set(sinks) & skipped


def _run_before(chance: random.Random, graph: Graph) -> dict[str, Any]:
    """Outputs of the nodes that succeeded in a run that broke off, but of those that are to run again."""
    scheduler, model = Scheduler(graph), Model(graph)
    running: dict[str, dict[str, Any]] = {}
    for _ in range(chance.randrange(10)):
        running |= starts(scheduler)
        _happen(chance, scheduler, model, running, optional=set())
    succeeded = {node.id for node in graph.nodes if scheduler.phase(node.id) is Phase.SUCCEEDED}
    again = graph.reached_from([node.id for node in graph.nodes if chance.random() < 0.1])
    return {node: model.finished[node] for node in succeeded - again}


def _check(scheduler: Scheduler, model: Model, running: dict[str, dict[str, Any]], graph: Graph) -> None:
    assert set(scheduler.in_flight) == set(running)
    assert len(running) <= graph.options.concurrency
    for node, received in running.items():
        if not scheduler.stopping:
            assert model.status(node) == "ready"
            assert received == model.input(node)
    if not scheduler.stopping:
        ready = {node.id for node in graph.nodes if model.status(node.id) == "ready"}
        assert scheduler.paused == (model.paused or bool(model.held))
        if not scheduler.paused:
            assert len(running) == min(len(ready), graph.options.concurrency)


def _unblock(chance: random.Random, scheduler: Scheduler, model: Model) -> None:
    """What somebody does about a run that stands still."""
    if model.paused:
        model.paused = False
        scheduler.resume()
    for node in sorted(model.held):
        model.held.discard(node)
        if chance.random() < 0.5:
            scheduler.retry(node)
        else:
            scheduler.skipped(node)
            model.skipped.add(node)


def _steer(
    chance: random.Random, scheduler: Scheduler, model: Model, running: dict[str, dict[str, Any]], graph: Graph
) -> None:
    """Pause, resume, or skip any node that is not settled; one in flight is taken to have acknowledged."""
    action = chance.choice(["pause", "resume", "skip"])
    if action == "pause":
        scheduler.pause()
        model.paused = True
    elif action == "resume":
        scheduler.resume()
        model.paused = False
    else:
        open_nodes = [node.id for node in graph.nodes if not scheduler.phase(node.id).settled]
        if open_nodes:
            node = chance.choice(open_nodes)
            scheduler.skipped(node)
            running.pop(node, None)
            model.held.discard(node)
            model.skipped.add(node)


def _happen(
    chance: random.Random,
    scheduler: Scheduler,
    model: Model,
    running: dict[str, dict[str, Any]],
    optional: set[str],
) -> None:
    """One random in-flight node ends in a random way that its state allows."""
    node = chance.choice(sorted(running)) if running else None
    if node is None:
        return
    del running[node]
    if scheduler.stopping and chance.random() < 0.5:
        scheduler.cancelled(node)
        model.failed.add(node)
    elif chance.random() < 0.15:
        scheduler.failed(node, FAILURE)
        if node in optional:
            model.finished[node] = None
        elif scheduler.phase(node) is Phase.HELD:
            model.held.add(node)
        else:
            model.failed.add(node)
    else:
        output = {"x": chance.choice([True, False]), "y": chance.choice([1, None]), "v": chance.random()}
        scheduler.succeeded(node, output)
        model.finished[node] = output


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
