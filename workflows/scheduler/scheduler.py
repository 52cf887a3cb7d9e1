"""Decides which node of a run starts when, and how the run ends.

A node is decided when all its incoming edges are, or, with `join: first`, as soon as one is taken. An edge is decided
when its source is settled; what it maps is evaluated at that moment and kept with the target, so the source's output
itself need not be kept unless it is a sink.
"""

from collections import deque
from collections.abc import KeysView, Mapping
from typing import Any

from wand_orchestrator.contract.limits import RunLimits
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import Graph
from wand_orchestrator.workflows.scheduler.deciding import UNNEEDED, Deciding, Decisions
from wand_orchestrator.workflows.scheduler.decision import Decision, Start
from wand_orchestrator.workflows.scheduler.edge_judgement import EdgeJudgement
from wand_orchestrator.workflows.scheduler.meter import Meter, Unmetered
from wand_orchestrator.workflows.scheduler.node_entries import NodeEntry
from wand_orchestrator.workflows.scheduler.phase import Outcome, Phase
from wand_orchestrator.workflows.scheduler.standing import Standing

STUCK = Failure(code="graph_invalid", message="the nodes that are left wait for one another: they form a cycle")


class Scheduler:
    """Walks one graph. Call `open`, then `next_start` until it returns None; run these nodes, and report how each
    ended.

    While `judging`, edges wait for the `meter`: call `go_on` when it is no longer exhausted.
    """

    def __init__(self, graph: Graph, meter: Meter | None = None, limits: RunLimits | None = None) -> None:
        limits = limits or RunLimits()
        self._meter: Meter = meter or Unmetered()
        self._concurrency = graph.options.concurrency
        self._standing = standing = Standing(graph, limits)
        self._entries = standing.entries
        self._edges = EdgeJudgement(standing.entries, self._meter, limits.input_bytes)
        self._deciding = Deciding(standing, self._edges)
        self._judged_next: deque[Decisions] = deque()
        self._opened = False

    # What to do next

    def next_start(self) -> Start | None:
        """Return the next node to start, which counts as in flight from now on; None if nothing can start."""
        standing = self._standing
        full = len(standing.in_flight) >= self._concurrency
        if not standing.ready or standing.stop or self.paused or full:
            return None
        entry = self._entries[standing.ready.popitem(last=False)[0]]
        standing.begin(entry)
        if standing.on_failure == "pause" and not entry.node.optional:
            return Start(entry.node, dict(entry.input))
        given, entry.input = entry.input, {}
        return Start(entry.node, given)

    @property
    def in_flight(self) -> KeysView[str]:
        """The nodes that have started and not settled, in order of their start; a view, as there may be thousands."""
        return self._standing.in_flight.keys()

    @property
    def held(self) -> tuple[str, ...]:
        """The nodes that failed and wait for somebody to retry or skip them."""
        return tuple(self._standing.held)

    @property
    def idle(self) -> bool:
        return not self._standing.in_flight

    @property
    def paused(self) -> bool:
        """Whether nothing new starts because somebody paused the run, or it holds a node that failed."""
        return self._standing.paused or bool(self._standing.held)

    @property
    def stopping(self) -> bool:
        """Whether the run stops: nothing new starts, and what is in flight is to be cancelled."""
        return self._standing.stop is not None

    @property
    def outcome(self) -> Outcome | None:
        """How the run ended; None while something is in flight or can still start."""
        standing = self._standing
        if standing.in_flight:
            return None
        if standing.stop:
            return standing.stop
        if standing.held or standing.ready or self.judging:
            return None
        complete = standing.settled == len(self._entries) and standing.failure is None
        return Outcome.SUCCEEDED if complete else Outcome.FAILED

    @property
    def failure(self) -> Failure | None:
        """Why the outcome is `failed`."""
        return self._standing.failure or (STUCK if self.outcome is Outcome.FAILED else None)

    @property
    def progress(self) -> int:
        """The settled nodes in whole percent, at most 99: 100 is reserved for the end of the run."""
        return min(99, self._standing.settled * 100 // len(self._entries))

    @property
    def judging(self) -> bool:
        """Whether edges of nodes that have finished are still to be judged."""
        return bool(self._judged_next)

    @property
    def spare(self) -> list[str]:
        """The nodes in flight that nothing needs any more, and that are to be cancelled."""
        return [node for node in self._standing.in_flight if self._entries[node].spare]

    def why_spare(self, node: str) -> str | None:
        """Return why this node in flight is to be cancelled although the run goes on; None if it is not."""
        return UNNEEDED if self._entries[node].spare else None

    def knows(self, node: str) -> bool:
        return node in self._entries

    def phase(self, node: str) -> Phase:
        return self._entries[node].phase

    def result(self) -> RunResult:
        return self._standing.sinks.result(self._entries)

    # What happened. Each answers what was thereby decided.

    def open(self, run_input: Any) -> list[Decision]:
        """Judge the edges that come from the run's input. Has no effect after the first time, or once restored."""
        if self._opened or not self._entries.of_input.outgoing:
            return []
        self._opened = True
        return self._next(self._deciding.finish(self._entries.of_input, run_input))

    def succeeded(self, node: str, output: Any) -> list[Decision]:
        """Record a node's output."""
        entry = self._entries[node]
        self._standing.settle(entry, Phase.SUCCEEDED)
        return self._next(self._deciding.finish(entry, output))

    def failed(self, node: str, failure: Failure, attempt: int | None = None) -> list[Decision]:
        """Record that a node has failed for good. Unless an edge handles that, or the node is optional, the run's
        `on_failure` applies.
        """
        entry = self._entries[node]
        if entry.spare:
            return self._leave(entry, Phase.FAILED)
        if entry.branches and not self.stopping:
            self._standing.remove(entry)
            entry.phase = Phase.FAILING
            return self._next(self._deciding.fail(entry, failure, attempt))
        if entry.node.optional:
            self._standing.settle(entry, Phase.FAILED)
            return self._next(self._deciding.finish(entry, None))
        touched = self._deciding.go_without(entry, failure, may_be_held=True)
        return [] if touched is None else self._next(self._deciding.decide(touched))

    def skipped(self, node: str) -> list[Decision]:
        """Record that the node was skipped; if it was in flight, it has ended. Its outgoing edges are not taken."""
        entry = self._entries[node]
        if entry.phase is Phase.PENDING:
            for source in entry.sources:
                source.wanted -= 1
        return self._leave(entry, Phase.SKIPPED)

    def retry(self, node: str) -> None:
        """Put a held node back into the queue, with the input it had."""
        del self._standing.held[node]
        self._standing.make_ready(self._entries[node])

    def cancelled(self, node: str) -> list[Decision]:
        """Record the cancelled end of a node that was in flight while the run stopped, or that nothing needed."""
        entry = self._entries[node]
        if not self.stopping:
            return self._leave(entry, Phase.CANCELLED)
        self._standing.settle(entry, Phase.CANCELLED)
        return []

    def cancel(self) -> None:
        """Stop the run: nothing starts any more, the outcome is `cancelled`. No effect if it is stopping already."""
        self._standing.stop = self._standing.stop or Outcome.CANCELLED

    def time_out(self) -> None:
        """Stop the run as its deadline has passed. No effect if it is stopping already."""
        self._standing.stop = self._standing.stop or Outcome.TIMED_OUT

    def pause(self) -> None:
        self._standing.paused = True

    def resume(self) -> None:
        """End `pause`; a held node keeps the run paused."""
        self._standing.paused = False

    def keep(self, outputs: Mapping[str, Any]) -> list[Decision]:
        """Count these nodes as succeeded with these outputs, before anything has started."""
        kept = [self._entries[node] for node in outputs]
        for entry in kept:
            self._standing.settle(entry, Phase.SUCCEEDED)
        decisions = self._next(self._deciding.keep(kept))
        for entry in kept:
            decisions += self._next(self._deciding.finish(entry, outputs[entry.node.id]))
        return decisions

    def go_on(self) -> list[Decision]:
        """Judge edges that wait, until the meter is exhausted; return what is decided by that."""
        decisions: list[Decision] = []
        while self._judged_next and not self._meter.exhausted:
            for decision in self._judged_next[0]:
                if decision is not None:
                    decisions.append(decision)
                elif self._meter.exhausted:
                    return decisions
            self._judged_next.popleft()
        return decisions

    def left_by(self, outputs: Mapping[str, Any], run_input: Any) -> tuple[str, ...]:
        """Return the nodes that are still to run or to be decided once these outputs are kept."""
        self.keep(outputs)
        self.open(run_input)
        return tuple(node for node, entry in self._entries.items() if not entry.phase.settled)

    def _leave(self, entry: NodeEntry, phase: Phase) -> list[Decision]:
        """Settle a node; none of its edges is taken."""
        self._standing.settle(entry, phase)
        return self._next(self._deciding.decide(self._edges.take_none(entry)))

    def _next(self, decisions: Decisions) -> list[Decision]:
        self._judged_next.append(decisions)
        return self.go_on()

    # Continue-as-new

    def carry(self) -> dict[str, Any]:
        return self._standing.carry()

    @classmethod
    def restore(
        cls, graph: Graph, carried: dict[str, Any], meter: Meter | None = None, limits: RunLimits | None = None
    ) -> "Scheduler":
        """Return the scheduler as it was when `carry` was called."""
        scheduler = cls(graph, meter, limits)
        scheduler._standing.restore(carried)
        scheduler._opened = True
        return scheduler
