"""Decides when a run continues in a new history (continue-as-new).

Activities do not survive a continue-as-new, but the agents do: see `workflows.nodes.crossing`. So new nodes are held
back only for the moment in which workers are asked to hold what they run. Where something cannot come along, as what a
worker in another language runs, it is tried again when the history has grown some more, until there is no choice but to
wait for it, and in the end to go on without it: Temporal ends a run whose history is full.
"""

import asyncio
from collections.abc import Callable, Mapping, Set
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

from wand_orchestrator.contract.node import (
    InFlight,
)
from wand_orchestrator.contract.node_table import NodeTable
from wand_orchestrator.contract.state import NodeState, RunState
from wand_orchestrator.graph import Graph
from wand_orchestrator.workflows.nodes.crossing import ANSWER, Regular, crossing
from wand_orchestrator.workflows.patches import patched

DRAIN = timedelta(seconds=10)
YOUNG = timedelta(seconds=1)
"""What has begun less than this ago is likely to end by itself, sooner than workers answer."""

NEXT_TRY = 4_000
"""Events after which it is tried again, while there is room for it."""
LAST_CALL = 40_000
"""From then on what cannot come along is awaited."""
FULL = 47_000
"""From then on it no longer is: what it does is lost, and done anew. Temporal ends a workflow at 51,200 events."""

EVENT_BYTES = 1_000
"""A history with more of them for each event counts as one with as many events as they make: Temporal ends a workflow
at 50 MB, too."""

PATCH = "agents-cross"
"""Before, a run waited for its agents in flight to end, and for some time only."""


class Rollover:
    """Prepares continue-as-new. `draining`: whether new nodes are held back. `wake` is called when `look`
    is due again.

    `regular`: the regular activities in flight by id, the oldest first. `stuck`: whether a child run is that can come
    into no other history. `write_ahead` writes what has happened so far to the database.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        regular: Callable[[], Mapping[str, Regular]],
        stuck: Callable[[], bool],
        write_ahead: Callable[[], "asyncio.Future[Any]"],
    ) -> None:
        self._wake = wake
        self._regular = regular
        self._stuck = stuck
        self._write_ahead = write_ahead
        self._written: asyncio.Future[Any] | None = None
        self.draining = False
        self.crossing: dict[str, InFlight] | None = None
        """By activity id, what is in flight and can come into the next history; None until that is known."""
        self._preparing: asyncio.Task[None] | None = None
        self._changed = False
        self._looks_again = False
        self._waits_for: Set[str] = frozenset()
        self._drain_until: datetime | None = None
        self._not_before = 0
        self._not_before_events = 0

    @property
    def due(self) -> bool:
        """Whether the run continues as new as soon as everything in flight can come along."""
        info = workflow.info()
        events = info.get_current_history_length()
        early = events < self._not_before_events or _length() < self._not_before
        return info.is_continue_as_new_suggested() and not early

    def look(self, stopping: bool) -> None:
        """Update `draining`; called once in each turn of the loop. `stopping`: the run ends anyway."""
        if not self.due:
            self.draining = False
        elif not patched(PATCH):
            self.draining = self._drains()
        elif not stopping and self._has_written():
            self.draining = True
            self._prepare()

    def _has_written(self) -> bool:
        """Return whether all events up to the moment when continue-as-new became due are in the database. Nodes start
        meanwhile, so little is left to write once none may start.
        """
        if self._written is None:
            self._written = self._write_ahead()
            self._written.add_done_callback(lambda _: self._wake())
        return self._written.done()

    def started(self) -> None:
        """Record that another activity has started, so that workers are asked again."""
        self.crossing, self._changed = None, True

    def _prepare(self) -> None:
        """Ask workers to hold what is in flight; activities younger than a second may end first."""
        regular = self._regular()
        if self.crossing is not None or self._preparing is not None or self._looks_again:
            return
        if self._stuck():
            self._put_off()
        elif regular and not self._has_to_wait(regular):
            if next(iter(regular.values())).since + YOUNG > workflow.now():
                self._look_after(YOUNG)
            else:
                self._preparing = asyncio.create_task(self._ask())

    def _has_to_wait(self, regular: Mapping[str, Regular]) -> bool:
        return not self._waits_for.isdisjoint(regular) and _length() < FULL

    async def _ask(self) -> None:
        self._changed = False
        length = _length()
        full = length >= FULL
        found = await crossing(full)
        self._preparing = None
        if found.known and (full or not (found.stuck or found.silent)):
            self.crossing = None if self._changed else found.nodes
        elif not self._put_off(length):
            self._waits_for = found.stuck
            if not found.stuck:
                self._look_after(ANSWER)
        self._wake()

    def _put_off(self, length: int | None = None) -> bool:
        """Put continue-as-new off until the history has grown; return False if there is no room for that any more."""
        length = _length() if length is None else length
        if length >= LAST_CALL:
            return False
        self._not_before = length + NEXT_TRY
        self.draining, self._written = False, None
        return True

    def _look_after(self, pause: timedelta) -> None:
        self._looks_again = True
        asyncio.get_running_loop().call_later(pause.total_seconds(), self._look_again)

    def _look_again(self) -> None:
        self._looks_again = False
        self._wake()

    def _drains(self) -> bool:
        """Return whether to hold back new nodes, as runs did before PATCH."""
        events = workflow.info().get_current_history_length()
        now = workflow.now()
        if self._drain_until is None:
            self._drain_until = now + DRAIN
            asyncio.get_running_loop().call_later(DRAIN.total_seconds(), self._wake)
        if now < self._drain_until or events >= LAST_CALL:
            return True
        self._drain_until = None
        self._not_before_events = events + NEXT_TRY
        return False


def _length() -> int:
    """Return the length of the history in events; a large one counts as more."""
    info = workflow.info()
    return max(info.get_current_history_length(), info.get_current_history_size() // EVENT_BYTES)


def state_to_carry(state: RunState, graph: Graph) -> dict[str, Any]:
    ids = [node.id for node in graph.nodes]
    of_graph = set(ids)
    others = {node: known for node, known in state.nodes.items() if node not in of_graph}
    return {
        "run": state.model_copy(update={"nodes": others}),
        "nodes": NodeTable.of(ids, state.nodes),
    }


def state_from(carried: dict[str, Any], graph: Graph) -> RunState:
    """Return the state that `state_to_carry` was given, its times in milliseconds."""
    state = RunState.model_validate(carried["run"])
    table = NodeTable.model_validate(carried["nodes"])
    nodes: dict[str, NodeState] = table.states([node.id for node in graph.nodes])
    return state.model_copy(update={"nodes": nodes | state.nodes})
