"""Opens runs that only name their graph, as those of a schedule do: fetches the graph and writes the run's row."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from temporalio import activity

from wand_orchestrator._agent import Agent
from wand_orchestrator.activities.core.failing import application_errors
from wand_orchestrator.contract.limits import RunLimits
from wand_orchestrator.contract.names import (
    ACTIVITY_OPEN,
)
from wand_orchestrator.contract.run import (
    RunInput,
    RunOrder,
)
from wand_orchestrator.errors import Conflict, InputFaults
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.prepared import prepared
from wand_orchestrator.storage import Store, StoredGraph, no_graph
from wand_orchestrator.storage.subgraphs import Subgraphs
from wand_orchestrator.validation.input_schema import admitted


def open_activity(
    store: Store, agents: Mapping[str, Agent], limits: RunLimits
) -> Callable[[RunOrder], Awaitable[dict[str, Any]]]:
    """Return the activity `wand.open`, whose result is a RunInput without its terms.

    It fails, without a retry, for an unknown graph.
    `agents`: those of the core worker, which decide what of the graph can run locally.
    """
    opener = Opener(store, agents, limits)

    @activity.defn(name=ACTIVITY_OPEN)
    async def open_run(order: RunOrder) -> dict[str, Any]:
        run_id = activity.info().workflow_id
        assert run_id is not None
        with application_errors():
            run = await opener.open(run_id, order)
        return run.model_dump(mode="json", by_alias=True, exclude_unset=True)

    return open_run


class Opener:
    def __init__(self, store: Store, agents: Mapping[str, Agent], limits: RunLimits) -> None:
        self._store = store
        self._limits = limits
        self._agents = agents
        self._subgraphs = Subgraphs(store)

    async def open(self, run_id: str, order: RunOrder) -> RunInput:
        """Open the run. Raises NotFound, GraphFaults, Unavailable; Conflict if a run of this id has ended."""
        named = await self._store.graphs.named(order.graph_id, order.graph_name)
        stored, created_at = await self._write_row(run_id, await _filled(order, named.graph), named)
        subgraphs = await self._subgraphs.of(stored.graph, stored.graph_id)
        return RunInput(
            graph=prepared(stored.graph, self._agents),
            graph_id=stored.graph_id,
            version=stored.version,
            created_at=created_at,
            subgraphs={name: prepared(part, self._agents) for name, part in subgraphs.items()},
            limits=self._limits,
        )

    async def _write_row(self, run_id: str, order: RunOrder, stored: StoredGraph) -> tuple[StoredGraph, datetime]:
        """Write the run's row; return the graph in it, which may be an older version from an earlier attempt, and the
        time of its creation.
        """
        run = await self._store.runs.begin(run_id, stored.graph_id, stored.name, order.terms)
        if run.status.ended:
            raise Conflict(f"there was a run {run_id} already, and it has ended", code="run_exists")
        if run.graph_id is None or run.graph_id == stored.graph_id:
            return stored, run.created_at
        kept = await self._store.graphs.of_run(run.graph_id)
        if kept is None:
            raise no_graph(run.graph_id)
        return kept, run.created_at


async def _filled(order: RunOrder, graph: Graph) -> RunOrder:
    """Return the order for the run's row, with the defaults of the input. An invalid input is left as it is: the run
    fails of it.
    """
    if graph.input_schema is None:
        return order
    with suppress(InputFaults):
        input = await asyncio.to_thread(admitted, graph.input_schema, order.input)
        return order.model_copy(update={"input": input})
    return order
