"""Reads one node of a run, or one part of it: its state, its attempts, what went in and what came out.

State and attempts are folded from the journal. What went through the node is in the database, where workers put it
while the run goes on.
"""

from collections.abc import AsyncIterator
from itertools import islice

from wand_orchestrator.api.graphs.cache import GraphCache
from wand_orchestrator.api.reconcile.reconciliation import Reconciliation
from wand_orchestrator.api.runs.attempt_history import attempts_of
from wand_orchestrator.api.runs.models import NodeView, RunView
from wand_orchestrator.api.runs.node_models import NodeDetail, ValueName, inline
from wand_orchestrator.api.runs.nodes_ahead import NodesAhead
from wand_orchestrator.api.runs.pending_activities import overlay, pending_nodes
from wand_orchestrator.api.runs.reader import TEMPORAL_SEC, RunReader
from wand_orchestrator.api.runs.waiting import question_reason
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.errors import ExecutionClosed, QueryFailed, TaskFailed
from wand_orchestrator.api.temporal.executions import Executions
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.queries import NodeJournal, PartsPage
from wand_orchestrator.contract.state import NodeState, NodeStatus, RunState, fold, parts_of
from wand_orchestrator.errors import Conflict, NotFound, Unavailable, WandError
from wand_orchestrator.files.payloads import PayloadStore
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.node_value_rows import StoredNode, StoredValue

EVENTS = 100
"""Of a node, from which its attempts are told."""


SILENCE = (QueryFailed, TaskFailed, Unavailable)
"""Why the workflow of an open run tells nothing: nobody knows then what has happened in it lately."""


class NodeReader:
    def __init__(
        self,
        executions: Executions,
        runs: RunReader,
        settlement: Reconciliation,
        store: Store,
        payloads: PayloadStore,
        graphs: GraphCache,
    ) -> None:
        self._executions = executions
        self._runs = runs
        self._settlement = settlement
        self._store = store
        self._payloads = payloads
        self._graphs = graphs
        self._ahead = NodesAhead(store, graphs)

    async def read(self, run_id: str, node: str, offset: int, limit: int) -> NodeDetail:
        """Return the node with `limit` of its parts from `offset`. Raises NotFound, Unavailable."""
        budget = CallBudget()
        run = await self._runs.read(run_id)
        journal = await self._journal(run, node, budget)
        view = run.nodes.get(node) or await self._part(run, node, journal, budget)
        page = await self._parts(run, node, offset, limit, budget)
        stored = await self._stored(run, node)
        return NodeDetail.of_view(
            view,
            run_id=run_id,
            node=node,
            stored=_visible(stored, view.status),
            attempts=attempts_of(journal.events, view),
            parts={name: NodeView.of(state, _reason(page, name)) for name, state in page.parts.items()},
            total_parts=page.total,
        )

    async def value(self, run_id: str, node: str, name: ValueName) -> tuple[int, AsyncIterator[bytes]]:
        """Return the size of one value, and its JSON in pieces. Raises NotFound, Unavailable."""
        run = await self._runs.read(run_id)
        budget = CallBudget()
        if node not in run.nodes and not (await self._journal(run, node, budget)).events:
            await self._require_ahead(run, node, budget)
        value: StoredValue | None = getattr(await self._stored(run, node), name, None)
        if value is None or (value.text is None and value.digest is None):
            raise _not_kept(node, name, value)
        if value.text is not None:
            return value.size, inline(value.text)
        assert value.digest is not None
        try:
            return value.size, await self._payloads.kept(run.part_of or run_id, value.digest)
        except FileNotFoundError as error:
            raise _not_kept(node, name, value) from error

    async def history(self, run_id: str, node: str) -> tuple[RunView, tuple[Event, ...]]:
        """Return an open run, and the events in which the state of its node or part changed.

        Raises Conflict if the run has ended, NotFound, Unavailable.
        """
        run = await self._runs.read(run_id)
        if run.status.ended:
            raise Conflict(f"the run has ended ({run.status}): nothing in it is answered any more", code="run_ended")
        journal = await self._journal(run, node, CallBudget())
        if node not in run.nodes and not journal.events:
            raise _no_node(node)
        return run, journal.events

    async def _journal(self, run: RunView, node: str, budget: CallBudget) -> NodeJournal:
        """Return the known events of the node: those in the database, and those that the workflow of an open run still
        holds.
        """
        archived = await self._archived(run.run_id, node)
        if run.status.ended:
            return NodeJournal(events=archived)
        try:
            live = await self._executions.node(run.run_id, node, budget.left(TEMPORAL_SEC))
        except ExecutionClosed:  # meanwhile
            await self._settlement.settle(run.run_id, budget.left())
            return NodeJournal(events=await self._archived(run.run_id, node))
        except (NotFound, *SILENCE) as error:
            if not archived and node not in run.nodes and not isinstance(error, NotFound):
                raise _unknown(error) from error  # there may be such a part
            return NodeJournal(events=archived)  # what is away is told by the run's own `waiting_for`
        last = archived[-1].seq if archived else 0
        return live.model_copy(update={"events": (*archived, *(event for event in live.events if event.seq > last))})

    async def _archived(self, run_id: str, node: str) -> tuple[Event, ...]:
        stored = await self._store.events.turns(run_id, node, EVENTS)
        return tuple(Event.model_validate_json(event.body) for event in stored)

    async def _part(self, run: RunView, node: str, journal: NodeJournal, budget: CallBudget) -> NodeView:
        """Return the state of a part, such as `m[3]`, which the view of the run does not contain. Raises NotFound."""
        if not journal.events:
            await self._require_ahead(run, node, budget)
            return NodeView.of(NodeState(), None)
        state = RunState()
        for event in journal.events:
            fold(state, event)
        if not run.status.ended:
            await self._overlay(run.run_id, node, state.nodes, budget)
        return NodeView.of(state.nodes[node], None if journal.question is None else question_reason(journal.question))

    async def _require_ahead(self, run: RunView, node: str, budget: CallBudget) -> None:
        """Raise NotFound unless the node is in a child run that has not come to it, or has not begun itself."""
        container, _, _ = node.rpartition("/")
        known = run.nodes.get(container)
        begins = known is not None or bool(container and (await self._journal(run, container, budget)).events)
        if not begins and "[" not in container:
            begins = await self._ahead.has(run, container)
        if not begins or not await self._ahead.has(run, node):
            raise _no_node(node)

    async def _overlay(self, run_id: str, node: str, nodes: dict[str, NodeState], budget: CallBudget) -> None:
        try:
            description = await self._executions.describe(run_id, budget.left(TEMPORAL_SEC))
        except Unavailable:
            return
        if description is not None:
            overlay(nodes, {id: known for id, known in pending_nodes(description).items() if id == node})

    async def _parts(self, run: RunView, node: str, offset: int, limit: int, budget: CallBudget) -> PartsPage:
        if not run.status.ended:
            try:
                return await self._executions.parts(run.run_id, node, offset, limit, budget.left(TEMPORAL_SEC))
            except ExecutionClosed:  # meanwhile
                await self._settlement.settle(run.run_id, budget.left())
            except NotFound:  # Temporal has forgotten it
                return _page(await self._settlement.fold_archive(run.run_id), node, offset, limit)
            except SILENCE as error:
                if await self._may_have_parts(run, node):
                    raise _unknown(error) from error
                return PartsPage(parts={}, total=0)
        return _page(await self._settlement.ended_state(run.run_id), node, offset, limit)

    async def node_type(self, run: RunView, node: str) -> str | None:
        """Return the node's type in the graph; None for a part, and in a run that brought its graph along."""
        stored = None if run.graph_id is None else await self._graphs.get(run.graph_id)
        nodes = () if stored is None else stored.graph.nodes
        return next((each.type for each in nodes if each.id == node), None)

    async def _may_have_parts(self, run: RunView, node: str) -> bool:
        type = await self.node_type(run, node)
        control = None if type is None else CONTROL_NODES.get(type)
        return type is None or (control is not None and control.has_parts)

    async def _stored(self, run: RunView, node: str) -> StoredNode | None:
        """Return the stored values of a node; those of a node of a child run, such as `g/x`, are
        stored with that run.
        """
        root, run_id = run.part_of or run.run_id, run.run_id
        *containers, last = node.split("/")
        for container in containers:
            row = await self._store.node_values.get(root, run_id, container)
            if row is None or row.child is None:
                return None
            run_id = row.child
        return await self._store.node_values.get(root, run_id, last)


def _page(state: RunState, node: str, offset: int, limit: int) -> PartsPage:
    parts = parts_of(state, node)
    return PartsPage(parts=dict(islice(parts.items(), offset, offset + limit)), total=len(parts))


def _visible(stored: StoredNode | None, status: NodeStatus) -> StoredNode | None:
    """Return what is shown of the stored values: no output of an earlier attempt for a node that runs again, and
    nothing of one that has not run.
    """
    if stored is None or status in (NodeStatus.PENDING, NodeStatus.SKIPPED):
        return None
    return stored if status is NodeStatus.SUCCEEDED else StoredNode(**{**vars(stored), "output": None})


def _reason(page: PartsPage, part: str) -> str | None:
    question = page.questions.get(part)
    return None if question is None else question_reason(question)


def _no_node(node: str) -> NotFound:
    return NotFound(f"the run has no node {node}", code="node_not_found")


def _unknown(error: WandError) -> Unavailable:
    return error if isinstance(error, Unavailable) else Unavailable("worker", error.message)


def _not_kept(node: str, name: str, value: StoredValue | None) -> NotFound:
    if value is None:
        reason = "it has none yet, or its worker did not keep it"
    elif value.digest is None:
        reason = f"its {value.size} bytes are more than WAND_MAX_NODE_VALUE_BYTES"
    else:
        reason = "it was deleted because of its age (WAND_PAYLOAD_RETENTION_DAYS)"
    return NotFound(f"the {name} of the node {node} is not kept: {reason}", code="value_not_kept")
