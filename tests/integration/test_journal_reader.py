"""A journal that is read while its workflow goes from one execution to the next."""

from datetime import UTC, datetime

from temporalio.client import Client

from wand_orchestrator.api.reconcile.namespace_origin import Origin
from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.stream.journal_reader import JournalReader
from wand_orchestrator.api.temporal.errors import ExecutionClosed
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.api.webhooks import Webhooks
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.ids import new_run_id
from wand_orchestrator.contract.names import (
    WORKFLOW_GRAPH_RUN,
)
from wand_orchestrator.contract.queries import (
    EventPage,
)
from wand_orchestrator.contract.run import (
    Archive,
)
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.graph import Graph
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store

GRAPH = Graph.model_validate({"name": "demo", "nodes": [{"id": "a", "type": "agent.transform"}]})
STARTED = Event(seq=1, ts=datetime.now(UTC), type=EventType.RUN_STARTED)


class MetTheOldOne(Executions):
    """A query came to an execution that had just continued as new; the next one is open."""

    async def events(
        self, run_id: str, after: int, limit: int, seconds: float, *, although_closed: bool = False
    ) -> EventPage:
        raise ExecutionClosed(f"the run {run_id} has ended")


async def test_a_run_that_continues_as_new_while_it_is_read_has_not_ended(
    temporal_client: Client, store: Store
) -> None:
    graph = await store.graphs.add(GRAPH)
    run = await store.runs.add(new_run_id(), graph.graph_id, GRAPH.name, RunTerms())
    await store.runs.confirm_started([run.run_id])
    await store.archive.append(
        Archive(run_id=run.run_id, graph_id=graph.graph_id, name=GRAPH.name, events=(STARTED,), result=None)
    )
    # Nobody polls this queue: the execution is open for as long as it takes.
    handle = await temporal_client.start_workflow(WORKFLOW_GRAPH_RUN, {}, id=run.run_id, task_queue="nobody")
    executions = MetTheOldOne(temporal_client, "nobody", eager=False)
    settlement = Reconciliation(
        executions, store, Webhooks(executions, Settings(_env_file=None)), Origin(executions, store)
    )
    reader = JournalReader(executions, store, settlement)
    try:
        page = await reader.page(run.run_id, 0, 10)
        assert [event.seq for event in page.events] == [1]
        assert (page.more, page.ended) == (True, False)

        page = await reader.page(run.run_id, 1, 10)
        assert (list(page.events), page.more, page.ended) == ([], False, False)
    finally:
        await handle.terminate()
