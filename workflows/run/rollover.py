"""When a run goes on in a new history (continue-as-new).

Activities do not survive a continue-as-new, but the agents do: see `workflows.nodes.crossing`. So new nodes are held
back only for the moment in which workers are asked to hold what they run. Where something cannot come along, as a child
run or what a worker in another language runs, it is tried again some thousand events later, until the history is so
long that there is no choice but to wait for it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

from wand_orchestrator.contract.node import (
    InFlight,
)
from wand_orchestrator.contract.node_table import NodeTable
from wand_orchestrator.contract.state import NodeState, RunState
from wand_orchestrator.graph import Graph
from wand_orchestrator.workflows.nodes.crossing import crossing

DRAIN = timedelta(seconds=10)
YOUNG = timedelta(seconds=1)
"""What has begun less than this ago is likely to end by itself, sooner than workers answer."""

NEXT_TRY_EVENTS = 4_000
LAST_CALL_EVENTS = 40_000
"""Temporal ends a workflow at 51,200 events."""

PATCH = "agents-cross"
"""Before, a run waited for its agents in flight to end, and for some time only."""


class Rollover:
    """`draining`: whether new nodes are held back. `wake` is called when it is time to look again.

    `oldest`: since when the regular activity is in flight that has been longest; None if there is none. `stuck`:
    whether something in flight can come into no other history.
    """

    def __init__(
        self, wake: Callable[[], None], oldest: Callable[[], datetime | None], stuck: Callable[[], bool]
    ) -> None:
        self._wake = wake
        self._oldest = oldest
        self._stuck = stuck
        self.draining = False
        self.crossing: dict[str, InFlight] | None = None
        """By activity id, what is in flight and can come into the next history; None until that is known."""
        self._preparing: asyncio.Task[None] | None = None
        self._changed = False
        self._looks_again = False
        self._drain_until: datetime | None = None
        self._not_before_events = 0

    @property
    def due(self) -> bool:
        """Whether to continue as new as soon as all in flight can come along."""
        info = workflow.info()
        events = info.get_current_history_length()
        return info.is_continue_as_new_suggested() and events >= self._not_before_events

    def look(self, stopping: bool) -> None:
        """Decide anew, once in each turn of the loop. `stopping`: the run ends anyway."""
        if not self.due:
            self.draining = False
        elif not workflow.patched(PATCH):
            self.draining = self._drains()
        elif not stopping:
            self.draining = True
            self._prepare()

    def started(self) -> None:
        """Another activity is in flight, of which nobody has been asked."""
        self.crossing, self._changed = None, True

    def _prepare(self) -> None:
        """Have what is in flight held; what is young is given a second to end first."""
        oldest = self._oldest()
        if self.crossing is not None or self._preparing is not None or (oldest is None and not self._stuck()):
            return
        young = oldest is not None and oldest + YOUNG > workflow.now() and not self._stuck()
        if not young:
            self._preparing = asyncio.create_task(self._ask())
        elif not self._looks_again:
            self._looks_again = True
            asyncio.get_running_loop().call_later(YOUNG.total_seconds(), self._look_again)

    def _look_again(self) -> None:
        self._looks_again = False
        self._wake()

    async def _ask(self) -> None:
        self._changed = False
        events = workflow.info().get_current_history_length()  # after a local activity a replay sees another one
        found = None if self._stuck() else await crossing()
        self._preparing = None
        if found is None:
            self._give_up(events)
        elif not self._changed:
            self.crossing = found
        self._wake()

    def _give_up(self, events: int) -> None:
        if events < LAST_CALL_EVENTS:
            self._not_before_events = events + NEXT_TRY_EVENTS
        else:
            self.crossing = {}

    def _drains(self) -> bool:
        """How it was before PATCH."""
        events = workflow.info().get_current_history_length()
        now = workflow.now()
        if self._drain_until is None:
            self._drain_until = now + DRAIN
            asyncio.get_running_loop().call_later(DRAIN.total_seconds(), self._wake)
        if now < self._drain_until or events >= LAST_CALL_EVENTS:
            return True
        self._drain_until = None
        self._not_before_events = events + NEXT_TRY_EVENTS
        return False


def state_to_carry(state: RunState, graph: Graph) -> dict[str, Any]:
    ids = [node.id for node in graph.nodes]
    of_graph = set(ids)
    others = {node: known for node, known in state.nodes.items() if node not in of_graph}
    return {
        "run": state.model_copy(update={"nodes": others}),
        "nodes": NodeTable.of(ids, state.nodes),
    }


def state_from(carried: dict[str, Any], graph: Graph) -> RunState:
    """The state that `state_to_carry` was given, its moments in milliseconds."""
    state = RunState.model_validate(carried["run"])
    table = NodeTable.model_validate(carried["nodes"])
    nodes: dict[str, NodeState] = table.states([node.id for node in graph.nodes])
    return state.model_copy(update={"nodes": nodes | state.nodes})
