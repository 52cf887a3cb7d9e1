"""A run is told as one thing, although it is put together from three sources, one after the other."""

from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client

from wand_orchestrator.api.graphs.cache import GraphCache
from wand_orchestrator.api.reconcile.namespace_origin import Origin
from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.runs.reader import RunReader
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.webhooks import Webhooks
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.ids import new_run_id
from wand_orchestrator.contract.run import (
    Archive,
    RunResult,
)
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.graph import Graph
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store

GRAPH = Graph.model_validate({"name": "demo", "nodes": [{"id": "a", "type": "agent.transform"}]})


class Busy(Executions):
    """Temporal does not answer in time, and while it is waited for the run gets on."""

    def __init__(self, client: Client, store: Store, end: Archive) -> None:
        super().__init__(client, "wand", eager=False)
        self._store = store
        self._end = end

    async def describe(self, run_id: str, seconds: float) -> Any:
        await self._store.archive.append(self._end)
        raise Unavailable("temporal", "Temporal does not answer")

    async def state(self, run_id: str, graph: Graph | None, seconds: float) -> Any:
        raise Unavailable("temporal", "Temporal does not answer")


def reader_of(executions: Executions, store: Store) -> RunReader:
    webhooks = Webhooks(executions, Settings(_env_file=None))
    settlement = Reconciliation(executions, store, webhooks, Origin(executions, store))
    return RunReader(executions, store, settlement, GraphCache(store))


async def test_a_run_that_was_asked_to_cancel_is_cancelling_while_temporal_does_not_answer(
    temporal_client: Client, store: Store
) -> None:
    graph = await store.graphs.add(GRAPH)
    run = await store.runs.add(new_run_id(), graph.graph_id, GRAPH.name, RunTerms())
    began = Event(seq=1, ts=datetime(2026, 1, 1, tzinfo=UTC), type=EventType.RUN_STARTED)
    archive = Archive(run_id=run.run_id, graph_id=graph.graph_id, name=GRAPH.name, events=(began,))
    reader = reader_of(Busy(temporal_client, store, archive), store)
    await reader.note_cancelling(run.run_id, CallBudget())

    view = await reader.read(run.run_id)

    assert (view.status, view.waiting_for) == ("cancelling", ["Temporal does not answer"])


async def test_a_run_that_ends_while_it_is_read_is_told_with_its_result(temporal_client: Client, store: Store) -> None:
    graph = await store.graphs.add(GRAPH)
    run = await store.runs.add(new_run_id(), graph.graph_id, GRAPH.name, RunTerms())
    ended = Event(seq=1, ts=datetime(2026, 1, 1, tzinfo=UTC), type=EventType.RUN_SUCCEEDED, progress=100)
    result = RunResult(outputs={"a": 1}, sinks=("a",))
    end = Archive(run_id=run.run_id, graph_id=graph.graph_id, name=GRAPH.name, events=(ended,), result=result)
    executions = Busy(temporal_client, store, end)

    view = await reader_of(executions, store).read(run.run_id)

    assert (view.status, view.result, view.waiting_for) == ("succeeded", result, [])


async def test_the_state_of_an_ended_run_is_folded_once_as_long_as_there_are_no_other_events(
    temporal_client: Client, store: Store
) -> None:
    run_id, at = new_run_id(), datetime(2026, 1, 1, tzinfo=UTC)

    async def archive(seq: int, type: EventType) -> None:
        event = Event(seq=seq, ts=at, type=type, node="a" if type is EventType.NODE_SCHEDULED else None)
        await store.archive.append(Archive(run_id=run_id, graph_id=None, name="demo", events=(event,)))

    executions = Executions(temporal_client, "wand", eager=False)
    webhooks = Webhooks(executions, Settings(_env_file=None))
    settlement = Reconciliation(executions, store, webhooks, Origin(executions, store))
    await archive(1, EventType.NODE_SCHEDULED)
    await archive(2, EventType.RUN_CANCELLED)
    first = await settlement.ended_state(run_id)
    assert first == await settlement.fold_archive(run_id)
    assert await settlement.ended_state(run_id) is first
    await archive(3, EventType.RUN_TERMINATED)
    later = await settlement.ended_state(run_id)
    assert (later, later.last_seq) == (await settlement.fold_archive(run_id), 3)
    await store.deletions.add(run_id)
    assert (await settlement.ended_state(run_id)).nodes == {}
