"""The scheduler: walks the DAG of a run. What happened goes in, what to do next comes out.

A plain class: it knows nothing of Temporal, of time or of agents. Over a whole run it takes O(nodes + edges) steps.

A node is decided when all its incoming edges are; an edge is decided when its source is settled. An edge is taken when
its source finished and its `when` is absent or true; what it maps is evaluated at that moment and kept with the target,
so the source's output itself need not be kept unless it is a sink.
"""

from collections import deque
from collections.abc import Iterator, KeysView, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from wand_orchestrator.contract.limits import (
    MAX_INPUT_BYTES,
    MAX_RESULT_BYTES,
)
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import Edge, Graph, Node
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.expressions import ExpressionError, evaluate, is_true
from wand_orchestrator.workflows.size import size_up_to


class Phase(StrEnum):
    """Where a node stands; the value is its letter in a carried state."""

    PENDING = "p"
    READY = "r"
    IN_FLIGHT = "i"
    SUCCEEDED = "s"
    FAILED = "f"
    SKIPPED = "k"
    CANCELLED = "c"
    HELD = "h"
    """Failed, and the run waits for somebody to retry or skip it (`on_failure: pause`)."""

    @property
    def settled(self) -> bool:
        return self in (Phase.SUCCEEDED, Phase.FAILED, Phase.SKIPPED, Phase.CANCELLED)


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


STUCK = Failure(code="graph_invalid", message="the nodes that are left wait for one another: they form a cycle")


@dataclass(frozen=True)
class Start:
    """Start this node with this input."""

    node: Node
    input: dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """A node was settled without having run: skipped, or failed because an expression on its edges cannot be judged."""

    node: str
    failure: Failure | None
    reason: str


class Meter(Protocol):
    """Counts what expressions take, and says when no other one is to be evaluated for now."""

    @property
    def exhausted(self) -> bool: ...
    def took(self, steps: int) -> None: ...
    def evaluation(self) -> AbstractContextManager[Budget]: ...
    def now(self) -> datetime | None: ...


class _Unmetered:
    exhausted = False

    def took(self, steps: int) -> None:
        """There is no need to count where nobody waits."""

    def evaluation(self) -> AbstractContextManager[Budget]:
        return nullcontext(Budget())

    def now(self) -> None:
        """There is no clock."""


_BYTES_PER_STEP = 32
"""Of a value that is mapped: its size is counted."""


@dataclass
class _Entry:
    """One node's place in the walk. `undecided`, `taken`: counts of its incoming edges; `bytes`: of its input."""

    node: Node
    outgoing: list[Edge] = field(default_factory=list)
    incoming: int = 0
    undecided: int = 0
    taken: int = 0
    phase: Phase = Phase.PENDING
    input: dict[str, Any] = field(default_factory=dict)
    broken: Failure | None = None
    bytes: int = 0


class Scheduler:
    """Walks one graph. Call `next_start` until it gives None, run what it gave, and tell how each ended.

    While `judging`, edges wait for the `meter`: call `go_on` when it is no longer exhausted.
    """

    def __init__(self, graph: Graph, meter: Meter | None = None) -> None:
        self._meter: Meter = meter or _Unmetered()
        self._judged_next: deque[Iterator[Decision | None]] = deque()
        self._concurrency = graph.options.concurrency
        self._on_failure = graph.options.on_failure
        self._entries = {node.id: _Entry(node) for node in graph.nodes}
        self._sinks = graph.effective_sinks()
        self._sink_set = frozenset(self._sinks)
        self._ready: deque[str] = deque()
        self._in_flight: dict[str, None] = {}
        self._held: dict[str, Failure] = {}
        self._paused = False
        self._settled = 0
        self._outputs: dict[str, Any] = {}
        self._result_bytes = 0
        self._stop: Outcome | None = None
        self._failure: Failure | None = None
        for edge in graph.edges:
            self._entries[edge.source].outgoing.append(edge)
            target = self._entries[edge.target]
            target.incoming += 1
            target.undecided += 1
        for entry in self._entries.values():
            if entry.incoming == 0:
                self._make_ready(entry)

    # What to do next

    def next_start(self) -> Start | None:
        """The next node to start, if the window has room, and it is in flight from now on."""
        if not self._ready or self._stop or self.paused or len(self._in_flight) >= self._concurrency:
            return None
        entry = self._entries[self._ready.popleft()]
        entry.phase = Phase.IN_FLIGHT
        self._in_flight[entry.node.id] = None
        if self._on_failure == "pause" and not entry.node.optional:
            return Start(entry.node, dict(entry.input))
        given, entry.input = entry.input, {}
        return Start(entry.node, given)

    @property
    def in_flight(self) -> KeysView[str]:
        """Nodes started and not yet settled, in the order of their start; a view, as there may be thousands."""
        return self._in_flight.keys()

    @property
    def held(self) -> tuple[str, ...]:
        """Nodes that failed and wait for somebody to retry or skip them."""
        return tuple(self._held)

    @property
    def idle(self) -> bool:
        return not self._in_flight

    @property
    def paused(self) -> bool:
        """Nothing new starts: somebody paused the run, or it holds a node that failed."""
        return self._paused or bool(self._held)

    @property
    def stopping(self) -> bool:
        """Nothing new starts, and what is in flight is to be cancelled."""
        return self._stop is not None

    @property
    def outcome(self) -> Outcome | None:
        """How the run ended; None while something is in flight or can still start."""
        if self._in_flight:
            return None
        if self._stop:
            return self._stop
        if self._held or self._ready or self.judging:
            return None
        complete = self._settled == len(self._entries) and self._failure is None
        return Outcome.SUCCEEDED if complete else Outcome.FAILED

    @property
    def failure(self) -> Failure | None:
        """Why the outcome is `failed`."""
        return self._failure or (STUCK if self.outcome is Outcome.FAILED else None)

    @property
    def progress(self) -> int:
        """Settled nodes in whole percent; 100 is left to the run's end."""
        return min(99, self._settled * 100 // len(self._entries))

    @property
    def judging(self) -> bool:
        """Edges of nodes that have finished are still to be judged."""
        return bool(self._judged_next)

    def knows(self, node: str) -> bool:
        return node in self._entries

    def phase(self, node: str) -> Phase:
        return self._entries[node].phase

    def result(self) -> tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]:
        """(outputs by sink, sinks, skipped sinks); an optional sink that failed is null."""
        outputs = {sink: self._outputs[sink] for sink in self._sinks if sink in self._outputs}
        skipped = tuple(sink for sink in self._sinks if self._entries[sink].phase is Phase.SKIPPED)
        return outputs, self._sinks, skipped

    # What happened

    def succeeded(self, node: str, output: Any) -> list[Decision]:
        """The node gave `output`. Answers the nodes that are thereby settled without running."""
        entry = self._settle(node, Phase.SUCCEEDED)
        return self._finish(entry, output)

    def failed(self, node: str, failure: Failure) -> list[Decision]:
        """The node's attempts are used up. Unless it is optional, the run's `on_failure` says what follows."""
        entry = self._entries[node]
        if entry.node.optional:
            return self._finish(self._settle(node, Phase.FAILED), None)
        if self._stop is None and self._on_failure == "pause":
            self._hold(entry, failure)
            return []
        self._settle(node, Phase.FAILED)
        if self._stop is None and self._on_failure == "continue":
            self._failure = self._failure or failure
            return self._leave(entry)
        self._fail_run(failure)
        return []

    def skipped(self, node: str) -> list[Decision]:
        """Somebody skipped the node; if it was in flight, it has acknowledged. Its outgoing edges are not taken."""
        entry = self._entries[node]
        self._in_flight.pop(node, None)
        self._held.pop(node, None)
        if entry.phase is Phase.READY:
            self._ready.remove(node)
        return self._leave(self._end(entry, Phase.SKIPPED))

    def retry(self, node: str) -> None:
        """A node that is held goes back to the queue, with the input it had."""
        del self._held[node]
        self._make_ready(self._entries[node])

    def cancelled(self, node: str) -> None:
        """The node, in flight while the run stopped, has acknowledged."""
        self._settle(node, Phase.CANCELLED)

    def cancel(self) -> None:
        """Stop the run: nothing starts any more, the outcome is `cancelled`. No effect on a run already stopping."""
        self._stop = self._stop or Outcome.CANCELLED

    def time_out(self) -> None:
        """Stop the run: its deadline has passed."""
        self._stop = self._stop or Outcome.TIMED_OUT

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        """Lift `pause`; a node that is held goes on holding the run."""
        self._paused = False

    def keep(self, outputs: Mapping[str, Any]) -> list[Decision]:
        """Take these nodes as succeeded, with these outputs, before anything has started.

        Answers the nodes that are thereby settled without running.
        """
        kept = [self._entries[node] for node in outputs]
        for entry in kept:
            entry.phase = Phase.SUCCEEDED
        self._settled += len(kept)
        self._ready = deque(node for node in self._ready if node not in outputs)
        return [decision for entry in kept for decision in self._finish(entry, outputs[entry.node.id])]

    def go_on(self) -> list[Decision]:
        """Judge edges that wait, until the meter is exhausted. Answers as what made them wait would have."""
        decisions: list[Decision] = []
        while self._judged_next and not self._meter.exhausted:
            for decision in self._judged_next[0]:
                if decision is not None:
                    decisions.append(decision)
                elif self._meter.exhausted:
                    return decisions
            self._judged_next.popleft()
        return decisions

    def left_by(self, outputs: Mapping[str, Any]) -> tuple[str, ...]:
        """The nodes that are still to run, or to be decided, once these are kept."""
        self.keep(outputs)
        return tuple(node for node, entry in self._entries.items() if not entry.phase.settled)

    # How edges decide nodes

    def _settle(self, node: str, phase: Phase) -> _Entry:
        del self._in_flight[node]
        return self._end(self._entries[node], phase)

    def _end(self, entry: _Entry, phase: Phase) -> _Entry:
        entry.phase = phase
        entry.input = {}
        self._settled += 1
        return entry

    def _hold(self, entry: _Entry, failure: Failure) -> None:
        del self._in_flight[entry.node.id]
        entry.phase = Phase.HELD
        self._held[entry.node.id] = failure

    def _leave(self, entry: _Entry) -> list[Decision]:
        self._judged_next.append(self._decide(self._take_none(entry)))
        return self.go_on()

    def _finish(self, entry: _Entry, output: Any) -> list[Decision]:
        self._judged_next.append(self._judge_and_decide(entry, output))
        return self.go_on()

    def _judge_and_decide(self, entry: _Entry, output: Any) -> Iterator[Decision | None]:
        yield from self._judge(entry, output)
        yield from self._decide(_targets(entry))

    def _take_none(self, entry: _Entry) -> list[str]:
        """Of the edges of a node that did not finish; gives the nodes at their ends."""
        for edge in entry.outgoing:
            self._entries[edge.target].undecided -= 1
        return _targets(entry)

    def _judge(self, entry: _Entry, output: Any) -> Iterator[None]:
        """The edges of a node that finished; stops after each expression, where the rest may wait."""
        if entry.node.id in self._sink_set:
            self._keep_output(entry.node.id, output)
        for edge in entry.outgoing:
            yield from self._take(edge, output)

    def _keep_output(self, sink: str, output: Any) -> None:
        """Once the result is too large the run fails, and nothing of it is kept."""
        self._result_bytes += size_up_to(output, MAX_RESULT_BYTES)
        if self._result_bytes <= MAX_RESULT_BYTES:
            self._outputs[sink] = output
            return
        self._outputs = {}
        limit = f"the outputs of all sinks together take more than {MAX_RESULT_BYTES} bytes"
        self._fail_run(Failure(code="result_too_large", message=f"{limit}: name fewer `sinks`, or save artifacts"))

    def _take(self, edge: Edge, output: Any) -> Iterator[None]:
        """Judge one edge on its source's output, and put what it maps into its target's input."""
        target = self._entries[edge.target]
        target.undecided -= 1
        if target.phase.settled:
            return
        try:
            if edge.when is not None:
                taken = is_true(self._evaluate(edge.when, output))
                yield
                if not taken:
                    return
            target.taken += 1
            if target.broken is None:
                yield from self._map(edge, target, output)
        except ExpressionError as error:
            target.broken = target.broken or Failure(
                code=error.code, message=f"edge {edge.source} → {edge.target}: {error}", node=edge.target
            )

    def _evaluate(self, expression: str, output: Any) -> Any:
        with self._meter.evaluation() as budget:
            return evaluate(expression, output, budget, self._meter.now())

    def _map(self, edge: Edge, target: _Entry, output: Any) -> Iterator[None]:
        """Put what the edge maps into the input of its target; one that is too large is not kept until it starts."""
        for key, expression in edge.map.items():
            value = self._evaluate(expression, output)
            size = size_up_to(value, MAX_INPUT_BYTES)
            self._meter.took(size // _BYTES_PER_STEP)
            target.bytes += size
            if target.bytes > MAX_INPUT_BYTES:
                target.input = {}
                message = f"its edges map more than {MAX_INPUT_BYTES} bytes: map parts of it, or save artifacts"
                target.broken = Failure(code="input_too_large", message=message, node=edge.target)
                return
            target.input[key] = value
            yield

    def _decide(self, touched: list[str]) -> Iterator[Decision | None]:
        """Settle or make ready each touched node whose edges are all decided; skips run on through the graph."""
        queue = deque(touched)
        while queue:
            entry = self._entries[queue.popleft()]
            if entry.undecided or entry.phase is not Phase.PENDING:
                continue
            if entry.broken:
                yield from self._break(entry, entry.broken, queue)
            elif self._runs(entry):
                self._make_ready(entry)
            else:
                yield self._skip(entry, queue)

    def _runs(self, entry: _Entry) -> bool:
        return entry.taken == entry.incoming if entry.node.join == "all" else entry.taken > 0

    def _make_ready(self, entry: _Entry) -> None:
        entry.phase = Phase.READY
        self._ready.append(entry.node.id)

    def _skip(self, entry: _Entry, queue: deque[str]) -> Decision:
        self._end(entry, Phase.SKIPPED)
        queue.extend(self._take_none(entry))
        wanted = "every incoming edge" if entry.node.join == "all" else "one incoming edge"
        reason = f"{entry.taken} of {entry.incoming} incoming edges were taken, and it needs {wanted}"
        return Decision(entry.node.id, None, reason)

    def _break(self, entry: _Entry, failure: Failure, queue: deque[str]) -> Iterator[Decision | None]:
        """A node fails of an expression on its edges; another attempt cannot mend that, so it is never held."""
        self._end(entry, Phase.FAILED)
        yield Decision(entry.node.id, failure, failure.message)
        if entry.node.optional:
            yield from self._judge(entry, None)
            queue.extend(_targets(entry))
        elif self._on_failure == "continue":
            self._failure = self._failure or failure
            queue.extend(self._take_none(entry))
        else:
            self._fail_run(failure)

    def _fail_run(self, failure: Failure) -> None:
        if self._stop is None:
            self._stop = Outcome.FAILED
            self._failure = failure

    # Continue-as-new

    def carry(self) -> dict[str, Any]:
        """The state, of a size that follows the frontier, and one letter a node."""
        entries = self._entries.values()
        return {
            "phases": "".join(entry.phase.value for entry in entries),
            "ready": list(self._ready),
            "outputs": self._outputs,
            "held": self._held,
            "paused": self._paused,
            "failure": self._failure,
            "frontier": {
                entry.node.id: [entry.undecided, entry.taken, entry.input, entry.broken]
                for entry in entries
                if not entry.phase.settled and entry.undecided < entry.incoming
            },
        }

    @classmethod
    def restore(cls, graph: Graph, carried: dict[str, Any], meter: Meter | None = None) -> "Scheduler":
        """The scheduler as it was when `carry` was called."""
        scheduler = cls(graph, meter)
        for entry, letter in zip(scheduler._entries.values(), carried["phases"], strict=True):
            entry.phase = Phase(letter)
        for node, (undecided, taken, given, broken) in carried["frontier"].items():
            entry = scheduler._entries[node]
            entry.undecided, entry.taken, entry.input = undecided, taken, given
            entry.bytes = size_up_to(given, MAX_INPUT_BYTES)
            entry.broken = Failure.model_validate(broken) if broken else None
        scheduler._ready = deque(carried["ready"])
        scheduler._in_flight = {
            entry.node.id: None for entry in scheduler._entries.values() if entry.phase is Phase.IN_FLIGHT
        }
        scheduler._outputs = dict(carried["outputs"])
        scheduler._result_bytes = size_up_to(carried["outputs"], MAX_RESULT_BYTES)
        scheduler._held = {node: Failure.model_validate(failure) for node, failure in carried["held"].items()}
        scheduler._paused = carried["paused"]
        scheduler._failure = Failure.model_validate(carried["failure"]) if carried["failure"] else None
        scheduler._settled = sum(entry.phase.settled for entry in scheduler._entries.values())
        return scheduler


def _targets(entry: _Entry) -> list[str]:
    return [edge.target for edge in entry.outgoing]
