"""The states of ended runs that were read lately: folding the events of 10,000 nodes takes more than half a second."""

from collections.abc import Awaitable, Callable

from wand_orchestrator.api.recent import Recent
from wand_orchestrator.contract.state import RunState
from wand_orchestrator.storage import Store

MAX_NODES = 50_000
"""Nodes of all states kept, together."""


class EndedStates:
    def __init__(self, store: Store, fold: Callable[[str], Awaitable[RunState]]) -> None:
        self._store = store
        self._fold = fold
        self._states: Recent[RunState] = Recent(MAX_NODES, lambda state: len(state.nodes))

    async def of(self, run_id: str) -> RunState:
        """What the archived events give; it must not be changed. It is kept until there are other events."""
        state = self._states.get(run_id)
        if state is None or state.last_seq != await self._store.events.last_seq(run_id):
            state = await self._fold(run_id)
            if state.status.ended:
                self._states.keep(run_id, state)
        return state
