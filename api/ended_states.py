"""The states of ended runs that were read lately: folding the events of 10,000 nodes takes more than half a second."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from wand_orchestrator.state import RunState
from wand_orchestrator.storage import Store

MAX_NODES = 50_000
"""Nodes of all states kept, together."""


class EndedStates:
    def __init__(self, store: Store, fold: Callable[[str], Awaitable[RunState]]) -> None:
        self._store = store
        self._fold = fold
        self._states: OrderedDict[str, RunState] = OrderedDict()
        self._nodes = 0

    async def of(self, run_id: str) -> RunState:
        """What the archived events give; it must not be changed. It is kept until there are other events."""
        state = self._take(run_id)
        if state is None or state.last_seq != await self._store.events.last_seq(run_id):
            state = await self._fold(run_id)
        if state.status.ended:
            self._keep(run_id, state)
        return state

    def _take(self, run_id: str) -> RunState | None:
        state = self._states.pop(run_id, None)
        self._nodes -= len(state.nodes) if state else 0
        return state

    def _keep(self, run_id: str, state: RunState) -> None:
        self._take(run_id)  # another reader may have been quicker
        self._states[run_id] = state
        self._nodes += len(state.nodes)
        while self._nodes > MAX_NODES:
            self._take(next(iter(self._states)))
