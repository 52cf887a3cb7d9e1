"""Decides nodes whose incoming edges are decided: each becomes ready, skipped or failed, which decides further edges.

All of it is generators that stop wherever the rest may wait, and give what was decided on the way.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

from wand_orchestrator.contract.state import Failure
from wand_orchestrator.workflows.scheduler.decision import Decision
from wand_orchestrator.workflows.scheduler.edge_judgement import EdgeJudgement, Verdict, on_failure
from wand_orchestrator.workflows.scheduler.node_entries import NodeEntry, unneeded
from wand_orchestrator.workflows.scheduler.phase import Phase
from wand_orchestrator.workflows.scheduler.standing import Standing

Decisions = Iterator[Decision | None]
Touched = Generator[Decision | None, None, Sequence[str]]
"""Gives in the end the nodes whose incoming edges have been decided."""

UNNEEDED = "another edge was taken first, and nothing else needs it"
_WANTED = {"all": "every incoming edge", "any": "one incoming edge", "first": "one incoming edge"}


class Deciding:
    def __init__(self, standing: Standing, edges: EdgeJudgement) -> None:
        self._standing = standing
        self._entries = standing.entries
        self._edges = edges

    def finish(self, entry: NodeEntry, output: Any) -> Decisions:
        """Decide what follows from a node's output."""
        self._standing.keep_output(entry, output)
        yield from self._edges.finish(entry, output)
        yield from self.decide(entry.targets())

    def fail(self, entry: NodeEntry, failure: Failure, attempt: int | None) -> Decisions:
        """Decide what follows from a node's failure, which its edges may handle."""
        touched = yield from self._fail(entry, failure, attempt, may_be_held=True)
        yield from self.decide(touched)

    def keep(self, kept: Iterable[NodeEntry]) -> Decisions:
        """Skip what nobody needs once these nodes count as succeeded: those with `join: first` need no other edge."""
        touched: deque[str] = deque()
        for entry in kept:
            if entry.takes_first:
                yield from self._drop_unneeded(entry, touched)
        yield from self.decide(touched)

    def decide(self, touched: Sequence[str]) -> Decisions:
        """Make ready, skip or fail each touched node whose edges are decided; skips continue through the graph."""
        queue = deque(touched)
        while queue:
            entry = self._entries[queue.popleft()]
            if entry.phase is not Phase.PENDING or (entry.undecided and not entry.decided):
                continue
            if entry.broken:
                queue.extend((yield from self._break(entry, entry.broken)))
            elif entry.runs:
                self._standing.make_ready(entry)
                if entry.takes_first:
                    yield from self._drop_unneeded(entry, queue)
            else:
                yield self._skip(entry, queue)

    def go_without(self, entry: NodeEntry, failure: Failure, *, may_be_held: bool) -> Sequence[str] | None:
        """Apply `on_failure` to a failure that nothing handles; return the targets of its edges, None if those stay
        open.
        """
        standing = self._standing
        if may_be_held and standing.stop is None and standing.on_failure == "pause":
            standing.hold(entry, failure)
            return None
        standing.settle(entry, Phase.FAILED)
        if standing.stop is None and standing.on_failure == "continue":
            standing.failure = standing.failure or failure
            return self._edges.take_none(entry)
        standing.fail_run(failure)
        return None

    def _fail(self, entry: NodeEntry, failure: Failure, attempt: int | None, *, may_be_held: bool) -> Touched:
        optional = entry.node.optional
        verdicts = yield from self._edges.verdicts(entry.outgoing, on_failure(failure, attempt, optional))
        if entry.phase is not Phase.FAILING:
            return ()  # somebody has skipped it meanwhile
        handled = [verdict for verdict in verdicts if verdict.handles]
        if not (handled or optional or entry.spare):
            return self.go_without(entry, failure, may_be_held=may_be_held) or ()
        self._standing.settle(entry, Phase.FAILED)
        if entry.spare:
            return self._edges.take_none(entry)
        if optional:
            self._standing.keep_output(entry, None)
        if handled:
            yield _handled(entry, handled)
        yield from self._edges.carry_out(verdicts)
        return entry.targets()

    def _break(self, entry: NodeEntry, failure: Failure) -> Touched:
        """Fail a node because of an expression on its edges. It is never held: another attempt cannot repair that."""
        yield Decision(entry.node.id, "failed", failure.message, failure)
        if entry.branches:
            entry.phase = Phase.FAILING
            return (yield from self._fail(entry, failure, None, may_be_held=False))
        if not entry.node.optional:
            return self.go_without(entry, failure, may_be_held=False) or ()
        self._standing.settle(entry, Phase.FAILED)
        self._standing.keep_output(entry, None)
        yield from self._edges.finish(entry, None)
        return entry.targets()

    def _skip(self, entry: NodeEntry, queue: deque[str]) -> Decision:
        self._standing.settle(entry, Phase.SKIPPED)
        queue.extend(self._edges.take_none(entry))
        wanted = _WANTED[entry.node.join]
        reason = f"{entry.taken} of {entry.incoming} incoming edges were taken, and it needs {wanted}"
        return Decision(entry.node.id, "skipped", reason)

    def _drop_unneeded(self, decided: NodeEntry, queue: deque[str]) -> Decisions:
        for entry in unneeded(decided):
            if entry.phase in (Phase.IN_FLIGHT, Phase.FAILING):
                entry.spare = True
            if entry.phase is Phase.IN_FLIGHT:
                yield Decision(entry.node.id, "dropped", UNNEEDED)
            elif entry.phase is not Phase.FAILING:
                self._standing.settle(entry, Phase.SKIPPED)
                queue.extend(self._edges.take_none(entry))
                yield Decision(entry.node.id, "skipped", UNNEEDED)


def _handled(entry: NodeEntry, verdicts: Sequence[Verdict]) -> Decision:
    names = list(dict.fromkeys(verdict.edge.target for verdict in verdicts))
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return Decision(entry.node.id, "handled", f"the failure of {entry.node.id} is handled: the run goes on to {shown}")
