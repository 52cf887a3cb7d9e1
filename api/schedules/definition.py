"""Makes of a request the schedule that Temporal is given: its action, times and policy."""

import re
import secrets
from dataclasses import replace
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleState,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from wand_orchestrator.api.schedules.models import ScheduleRequest
from wand_orchestrator.api.schedules.times import spec_of
from wand_orchestrator.contract.names import WORKFLOW_GRAPH_RUN
from wand_orchestrator.contract.run import RunOrder
from wand_orchestrator.contract.search_attributes import WAND_GRAPH, WAND_GRAPH_ID, WAND_TAGS
from wand_orchestrator.storage import StoredGraph


async def schedule_of(
    client: Client,
    task_queue: str,
    id: str,
    request: ScheduleRequest,
    graph: StoredGraph,
    attributes: TypedSearchAttributes,
) -> Schedule:
    """Return the schedule with this id that runs `graph` on `task_queue`. Raises ScheduleInvalid."""
    return Schedule(
        action=await _action(client, task_queue, id, request, graph, attributes),
        spec=spec_of(request.cron, request.every, request.time_zone, request.jitter),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy[request.overlap.upper()], catchup_window=request.catchup_window
        ),
        state=ScheduleState(note=request.note or _note(request, graph), paused=request.paused),
    )


async def _action(
    client: Client,
    task_queue: str,
    schedule_id: str,
    request: ScheduleRequest,
    graph: StoredGraph,
    attributes: TypedSearchAttributes,
) -> ScheduleActionStartWorkflow:
    """Return the action of a schedule. Temporal appends the time to the workflow id, and starts none twice; a
    random part tells the runs of a schedule from those of a former one of the same id.
    """
    order = RunOrder(graph_id=request.graph_id, graph_name=request.graph_name, **request.said())
    return ScheduleActionStartWorkflow(
        WORKFLOW_GRAPH_RUN,
        await _encode(client, order),
        id=f"r_{schedule_id}-{secrets.token_hex(4)}" if request.schedule_id else f"r_{schedule_id}",
        task_queue=task_queue,
        typed_search_attributes=attributes,
        memo={"schedule": schedule_id},
        static_summary=graph.name,
    )


async def _encode(client: Client, order: RunOrder) -> Payload:
    """Return the order as a payload within the schedule: the external storage keeps payloads only as long as a run
    needs them.
    """
    converter = replace(client.data_converter, external_storage=None)
    [payload] = await converter.encode([order.model_dump(mode="json", exclude_defaults=True)])
    return payload


def new_id(graph_name: str) -> str:
    """Return a new id. It contains the graph's name, as the Web UI's list shows little else."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", graph_name).strip("-._")[:60]
    return f"{words or 'schedule'}-{secrets.token_hex(4)}"


def search_attributes(request: ScheduleRequest, graph: StoredGraph) -> TypedSearchAttributes:
    """Return the search attributes of the schedule and of its runs; a run by name sets its version once it knows it."""
    pairs: list[SearchAttributePair[Any]] = [SearchAttributePair(WAND_GRAPH, graph.name)]
    if request.graph_id is not None:
        pairs.append(SearchAttributePair(WAND_GRAPH_ID, graph.graph_id))
    if request.tags:
        pairs.append(SearchAttributePair(WAND_TAGS, request.tags))
    return TypedSearchAttributes(pairs)


def _note(request: ScheduleRequest, graph: StoredGraph) -> str:
    version = "newest version" if request.graph_id is None else f"version {graph.version}"
    return f"runs the graph {graph.name}, {version}"
