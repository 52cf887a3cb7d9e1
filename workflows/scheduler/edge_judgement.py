"""Judges edges: which are taken, and what they put into the inputs of their targets.

An edge on success is judged on its source's output, one on failure on `{"error": {"code", "message", "details",
"attempt"}}`, and a settled one on `{"output", "error"}`, of which one is null. `when: otherwise` is taken if, of the
edges of its source with the same `on`, none that has a condition was.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import OTHERWISE, Edge
from wand_orchestrator.graphs.expressions import ExpressionError, evaluate, is_true
from wand_orchestrator.workflows.scheduler.meter import Meter
from wand_orchestrator.workflows.scheduler.node_entries import NodeEntry
from wand_orchestrator.workflows.size import size_up_to

_BYTES_PER_STEP = 32
"""Of a value that is mapped: its size is counted."""

Judged = Mapping[str, Any]
"""What edges are judged on, by their `on`; those of any other are not taken."""


def on_success(output: Any) -> Judged:
    return {"success": output, "settled": {"output": output, "error": None}}


def on_failure(failure: Failure, attempt: int | None, optional: bool) -> Judged:
    """Return what the edges of a failed node are judged on; those on success of an optional node on a null output."""
    error = {"code": failure.code, "message": failure.message, "details": failure.details, "attempt": attempt}
    judged = {"failure": {"error": error}, "settled": {"output": None, "error": error}}
    return judged | {"success": None} if optional else judged


@dataclass(frozen=True, slots=True)
class Verdict:
    """Contains whether an edge is taken. `broken`: its condition cannot be evaluated, so its target fails."""

    edge: Edge
    value: Any
    taken: bool
    broken: Failure | None = None

    @property
    def handles(self) -> bool:
        """Whether the edge handles the failure of its source."""
        return self.taken and self.edge.on != "success"


class EdgeJudgement:
    """Judges the edges of a run. Its generators yield after each expression, where the rest may wait. `limit`: bytes of
    the input of one node.
    """

    def __init__(self, entries: Mapping[str, NodeEntry], meter: Meter, limit: int) -> None:
        self._limit = limit
        self._entries = entries
        self._meter = meter

    def finish(self, source: NodeEntry, output: Any) -> Iterator[None]:
        """Judge the edges of a node that gave `output`."""
        if source.branches:
            verdicts = yield from self.verdicts(source.outgoing, on_success(output))
            yield from self.carry_out(verdicts)
            return
        for edge in source.outgoing:
            yield from self._take(edge, output)

    def verdicts(self, edges: Sequence[Edge], judged: Judged) -> Generator[None, None, list[Verdict]]:
        """Return which of these edges of one source are taken, without any effect on their targets."""
        arms: set[str] = set()
        verdicts: list[Verdict] = []
        for edge in edges:
            verdict = Verdict(edge, judged.get(edge.on), taken=False)
            if edge.on in judged and edge.when != OTHERWISE:
                verdict = yield from self._verdict(verdict)
            if verdict.taken and edge.when is not None:
                arms.add(edge.on)
            verdicts.append(verdict)
        return [
            replace(verdict, taken=verdict.edge.on not in arms)
            if verdict.edge.when == OTHERWISE and verdict.edge.on in judged
            else verdict
            for verdict in verdicts
        ]

    def carry_out(self, verdicts: Sequence[Verdict]) -> Iterator[None]:
        """Put what the taken edges map into the inputs of their targets."""
        for verdict in verdicts:
            target = self._entries[verdict.edge.target]
            target.undecided -= 1
            if target.decided:
                continue
            target.broken = target.broken or verdict.broken
            if verdict.taken:
                yield from self._enter(verdict.edge, target, verdict.value)

    def take_none(self, source: NodeEntry) -> list[str]:
        """Decide all edges of a node as not taken; return their targets."""
        for edge in source.outgoing:
            self._entries[edge.target].undecided -= 1
        return source.targets()

    def _verdict(self, open: Verdict) -> Generator[None, None, Verdict]:
        edge = open.edge
        if edge.when is None:
            return Verdict(edge, open.value, taken=True)
        try:
            taken = is_true(self._evaluate(edge.when, open.value))
        except ExpressionError as error:
            return Verdict(edge, open.value, taken=False, broken=_broken(edge, error))
        yield
        return Verdict(edge, open.value, taken)

    def _take(self, edge: Edge, output: Any) -> Iterator[None]:
        """Judge one edge on its source's output, and carry it out at once."""
        target = self._entries[edge.target]
        target.undecided -= 1
        if target.decided:
            return
        if edge.when is not None:
            verdict = yield from self._verdict(Verdict(edge, output, taken=False))
            target.broken = target.broken or verdict.broken
            if not verdict.taken:
                return
        if target.takes_first or edge.map:
            yield from self._enter(edge, target, output)
        else:
            target.taken += 1

    def _enter(self, edge: Edge, target: NodeEntry, value: Any) -> Iterator[None]:
        """Take the edge. If its mapping fails, so does its target, except for one that takes the first edge: that waits
        for another one.
        """
        if target.takes_first:
            target.broken, target.input, target.bytes = None, {}, 0
        else:
            target.taken += 1
        if target.broken is None:
            try:
                yield from self._map(edge, target, value)
            except ExpressionError as error:
                target.broken = _broken(edge, error)
        if target.takes_first and target.broken is None:
            target.taken = 1

    def _map(self, edge: Edge, target: NodeEntry, value: Any) -> Iterator[None]:
        """Put what the edge maps into the input of its target. A target whose input is too large fails, and its input
        is dropped.
        """
        for key, expression in edge.map.items():
            mapped = self._evaluate(expression, value)
            size = size_up_to(mapped, self._limit)
            self._meter.took(size // _BYTES_PER_STEP)
            target.bytes += size
            if target.bytes > self._limit:
                target.input = {}
                message = f"its edges map more than {self._limit} bytes: map parts of it, or save artifacts"
                target.broken = Failure(code="input_too_large", message=message, node=edge.target)
                return
            target.input[key] = mapped
            yield

    def _evaluate(self, expression: str, value: Any) -> Any:
        with self._meter.evaluation() as budget:
            return evaluate(expression, value, budget, self._meter.now())


def _broken(edge: Edge, error: ExpressionError) -> Failure:
    return Failure(code=error.code, message=f"edge {edge.source} → {edge.target}: {error}", node=edge.target)
