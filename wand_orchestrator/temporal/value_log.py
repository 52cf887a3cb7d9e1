"""Collects the values of the nodes in this process, params, inputs and outputs, until they are stored.

Workflows tell it beside their history, which does not have all of it: what a short agent or a control node was given
stands nowhere there. They tell it anew when they are replayed, so a worker that crashed loses nothing of a run that
goes on. Workflows speak in the threads of their worker, and only hand over references.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

KEPT = 20_000
"""Nodes that wait to be stored, at most: beyond them the oldest are let go, as while a database is away for long."""


class _Unset:
    """Marks a value that was not reported."""


UNSET = _Unset()


@dataclass(frozen=True)
class ToldNode:
    """Contains the reported values of one node. `begun`: they replace all reported before; else they add to them.

    `root`: the run that somebody started, of which `run_id` is a part or which it is. `child`: the child run that the
    node has.
    """

    root: str
    run_id: str
    node: str
    begun: bool = False
    params: Any = UNSET
    input: Any = UNSET
    output: Any = UNSET
    child: str | None = None

    def then(self, later: "ToldNode") -> "ToldNode":
        """Return both reports in one."""
        if later.begun:
            return later
        output = self.output if later.output is UNSET else later.output
        return replace(self, output=output, child=later.child or self.child)


class ValueLog:
    """Collects values from any thread, for the task that stores them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, dict[str, ToldNode]] = {}
        self._count = 0

    def of_run(self, root: str, run_id: str) -> "RunValues":
        return RunValues(self, root, run_id)

    def add(self, told: ToldNode) -> None:
        with self._lock:
            self._add(told)

    def take(self, run_id: str | None = None) -> list[ToldNode]:
        """Remove and return the values that wait to be stored, of one run or of all."""
        with self._lock:
            taken = self._told if run_id is None else {run_id: self._told.pop(run_id, {})}
            self._told = {} if run_id is None else self._told
            nodes = [told for of_run in taken.values() for told in of_run.values()]
            self._count -= len(nodes)
            return nodes

    def put_back(self, taken: Iterable[ToldNode]) -> None:
        """Put back values that could not be stored; those reported meanwhile override them."""
        with self._lock:
            for told in taken:
                later = self._told.get(told.run_id, {}).pop(told.node, None)
                self._count -= later is not None
                self._add(told if later is None else told.then(later))

    def __bool__(self) -> bool:
        return self._count > 0

    def _add(self, told: ToldNode) -> None:
        of_run = self._told.setdefault(told.run_id, {})
        before = of_run.get(told.node)
        of_run[told.node] = told if before is None else before.then(told)
        self._count += before is None
        if self._count > KEPT:
            self._let_go()

    def _let_go(self) -> None:
        run_id, oldest = next(iter(self._told.items()))
        del oldest[next(iter(oldest))]
        self._count -= 1
        if not oldest:
            del self._told[run_id]


class RunValues:
    """Reports the values of one run to the log."""

    def __init__(self, log: ValueLog, root: str, run_id: str) -> None:
        self._log = log
        self._root = root
        self._run_id = run_id

    def begun(self, node: str, params: Any, input: Any) -> None:
        """Report the values that the node starts with, which must not be changed afterwards."""
        self._log.add(ToldNode(self._root, self._run_id, node, True, params, input))

    def ended(self, node: str, output: Any) -> None:
        self._log.add(ToldNode(self._root, self._run_id, node, output=output))

    def has_child(self, node: str, run_id: str) -> None:
        """Report the child run that the node runs."""
        self._log.add(ToldNode(self._root, self._run_id, node, child=run_id))
