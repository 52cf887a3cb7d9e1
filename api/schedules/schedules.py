"""Manages schedules: each is a schedule of Temporal whose action starts `GraphRun`. The database contains nothing of
them.

So `temporal schedule` and the Web UI show and change the same schedules. The action names its graph instead of carrying
it: the run fetches it as it begins, and so meets the newest version.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleBackfill,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleListDescription,
    ScheduleOverlapPolicy,
)
from temporalio.common import TypedSearchAttributes

from wand_orchestrator.api.graphs.graph_check import GraphCheck
from wand_orchestrator.api.schedules.definition import new_id, schedule_of, search_attributes
from wand_orchestrator.api.schedules.errors import ScheduleInvalid, listing_meaning, meaning, not_found
from wand_orchestrator.api.schedules.models import Overlap, SchedulePage, ScheduleRequest, ScheduleSummary, ScheduleView
from wand_orchestrator.api.schedules.schedule_cursor import decode_cursor, encode_cursor
from wand_orchestrator.api.schedules.schedule_filter import ScheduleFilter
from wand_orchestrator.api.schedules.triggers import Triggers
from wand_orchestrator.api.schedules.view import scheduled_order, summary, view
from wand_orchestrator.api.temporal.budget import CallBudget
from wand_orchestrator.api.temporal.call import deadline, translated
from wand_orchestrator.api.temporal.errors import AttributesMissing
from wand_orchestrator.api.webhooks import Webhooks
from wand_orchestrator.contract.names import (
    WORKFLOW_GRAPH_RUN,
)
from wand_orchestrator.contract.search_attributes import (
    WAND_GRAPH,
    WAND_GRAPH_ID,
)
from wand_orchestrator.errors import Conflict, Unavailable
from wand_orchestrator.storage import GraphHead, RunHead, Store
from wand_orchestrator.temporal.connection import ensure_search_attributes

DATABASE_SEC = 0.6
SCHEDULE_CALL_SEC = 1.2
"""Temporal's answer waits while the schedule starts or cancels something: measured up to 0.45 s on a busy machine."""

ATTRIBUTES_SEC = 0.6
LISTED = 500
"""Schedules looked at in one call."""


class Schedules:
    """Manages schedules. Every call may raise Unavailable; those on one schedule raise NotFound, also for one that runs
    no graph.
    """

    def __init__(self, client: Client, task_queue: str, store: Store, check: GraphCheck, webhooks: Webhooks) -> None:
        self._client = client
        self._task_queue = task_queue
        self._store = store
        self._check = check
        self._webhooks = webhooks
        self._triggers = Triggers(client, store, self._describe)

    async def create(self, request: ScheduleRequest) -> str:
        """Create a schedule and return its id. Raises NotFound for an unknown graph, InputFaults, ScheduleInvalid,
        WebhooksOff, Conflict for a taken id.

        Defaults of the input are filled in when a run begins, as they are in its graph then.
        """
        budget = CallBudget()
        self._webhooks.require_signed(request.webhook)
        graph = await self._store.graphs.named(request.graph_id, request.graph_name)
        await self._check.admit(graph.graph, request.input)
        id = request.schedule_id or new_id(graph.name)
        attributes = search_attributes(request, graph)
        schedule = await schedule_of(self._client, self._task_queue, id, request, graph, attributes)
        try:
            await self._create(id, schedule, attributes, budget)
        except AttributesMissing:
            await self._ensure_attributes(budget)
            await self._create(id, schedule, attributes, budget)
        if request.cron is not None:
            await self._require_moments(id, budget)
        return id

    async def page(
        self, cursor: str | None, limit: int, *, graph_id: str | None = None, graph_name: str | None = None
    ) -> SchedulePage:
        """Return the next schedules that match; a page may be shorter than `limit` although others follow.

        Raises BadRequest for a cursor that no page gave.
        """
        budget = CallBudget(SCHEDULE_CALL_SEC)
        wanted = ScheduleFilter(graph_id, graph_name)
        token = None if cursor is None else decode_cursor(cursor)
        found: list[ScheduleSummary] = []
        while True:
            entries, token = await self._listed(wanted.query, limit, token, budget)
            found += [summary(entry) for entry in entries if wanted.fits(entry)]
            if found or token is None or budget.is_spent:
                return SchedulePage(schedules=found, next=None if token is None else encode_cursor(token))

    async def get(self, schedule_id: str) -> ScheduleView:
        budget = CallBudget()
        description = await self._describe(schedule_id, budget)
        recent = [result.action for result in description.info.recent_actions]
        rows = await self._rows([str(getattr(action, "workflow_id", "")) for action in recent], budget)
        return view(description, await scheduled_order(description), rows)

    async def pause(self, schedule_id: str, note: str | None) -> None:
        handle, seconds = await self._handle(schedule_id)
        async with deadline(seconds), translated(meaning):
            await handle.pause(note=note or "paused through the API", rpc_timeout=_timeout(seconds))

    async def resume(self, schedule_id: str, note: str | None) -> None:
        handle, seconds = await self._handle(schedule_id)
        async with deadline(seconds), translated(meaning):
            await handle.unpause(note=note or "resumed through the API", rpc_timeout=_timeout(seconds))

    async def trigger(self, schedule_id: str, overlap: Overlap | None) -> str:
        """Trigger a run and return its id. Raises Conflict if `overlap` leaves no room for it now."""
        return await self._triggers.trigger(schedule_id, overlap)

    async def backfill(self, schedule_id: str, start_at: datetime, end_at: datetime, overlap: Overlap) -> None:
        handle, seconds = await self._handle(schedule_id)
        period = ScheduleBackfill(start_at, end_at, ScheduleOverlapPolicy[overlap.upper()])
        async with deadline(seconds), translated(meaning):
            await handle.backfill(period, rpc_timeout=_timeout(seconds))

    async def delete(self, schedule_id: str) -> None:
        """Delete the schedule; the runs that it started stay, and go on."""
        handle, seconds = await self._handle(schedule_id)
        async with deadline(seconds), translated(meaning):
            await handle.delete(rpc_timeout=_timeout(seconds))

    async def using(self, graph: GraphHead, *, newest: bool) -> str | None:
        """Return the id of a schedule that runs this graph, by the graph's id or, if it is the `newest` of its name, by
        its name. Temporal lists new schedules a moment late.
        """
        budget, token = CallBudget(SCHEDULE_CALL_SEC), None
        wanted = ScheduleFilter(graph_name=graph.name)
        while True:
            entries, token = await self._listed(wanted.query, LISTED, token, budget)
            for entry in filter(wanted.fits, entries):
                graph_id = entry.typed_search_attributes.get(WAND_GRAPH_ID)
                if graph_id == graph.graph_id or (graph_id is None and newest):
                    return entry.id
            if token is None:
                return None

    async def _listed(
        self, query: str, limit: int, token: bytes | None, budget: CallBudget
    ) -> tuple[Sequence[ScheduleListDescription], bytes | None]:
        """Return a page of Temporal's list, and the token of the next."""
        seconds = budget.left(SCHEDULE_CALL_SEC)
        async with deadline(seconds), translated(listing_meaning):
            listed = await self._client.list_schedules(
                query, page_size=limit, next_page_token=token, rpc_timeout=_timeout(seconds)
            )
            await listed.fetch_next_page()
        return listed.current_page or (), listed.next_page_token

    async def _create(self, id: str, schedule: Schedule, attributes: TypedSearchAttributes, budget: CallBudget) -> None:
        seconds = budget.left(SCHEDULE_CALL_SEC)
        memo = {"graph": attributes[WAND_GRAPH], "version": attributes.get(WAND_GRAPH_ID) or "the newest"}
        try:
            async with deadline(seconds), translated(meaning):
                await self._client.create_schedule(
                    id, schedule, memo=memo, search_attributes=attributes, rpc_timeout=_timeout(seconds)
                )
        except ScheduleAlreadyRunningError as error:
            raise Conflict(f"there is a schedule {id} already", code="schedule_exists") from error

    async def _require_moments(self, id: str, budget: CallBudget) -> None:
        """Delete a new schedule without any next time, and raise ScheduleInvalid: Temporal accepts a cron such as 30
        February.
        """
        if (await self._describe(id, budget)).info.next_action_times:
            return
        seconds = budget.left(SCHEDULE_CALL_SEC)
        async with deadline(seconds), translated(meaning):
            await self._client.get_schedule_handle(id).delete(rpc_timeout=_timeout(seconds))
        raise ScheduleInvalid("`cron` names no moment that will ever come", code="cron_never", pointer="/cron")

    async def _ensure_attributes(self, budget: CallBudget) -> None:
        """Register the search attributes: Temporal may have been replaced since this process began."""
        async with deadline(budget.left(ATTRIBUTES_SEC)), translated(listing_meaning):
            await ensure_search_attributes(self._client)

    async def _handle(self, schedule_id: str) -> tuple[ScheduleHandle, float]:
        """Return the handle of a schedule and the seconds left. Raises NotFound if it runs no graphs: other schedules
        share the namespace.
        """
        budget = CallBudget()
        await self._describe(schedule_id, budget)
        return self._client.get_schedule_handle(schedule_id), budget.left()

    async def _describe(self, schedule_id: str, budget: CallBudget) -> ScheduleDescription:
        seconds = budget.left(SCHEDULE_CALL_SEC)
        async with deadline(seconds), translated(meaning):
            handle = self._client.get_schedule_handle(schedule_id)
            description = await handle.describe(rpc_timeout=_timeout(seconds))
        action = description.schedule.action
        if not isinstance(action, ScheduleActionStartWorkflow) or action.workflow != WORKFLOW_GRAPH_RUN:
            raise not_found()
        return description

    async def _rows(self, run_ids: list[str], budget: CallBudget) -> dict[str, RunHead]:
        """Return the rows of these runs; none while the database is away, as Temporal's part of the answer is known."""
        try:
            async with asyncio.timeout(budget.left(DATABASE_SEC)):
                return await self._store.runs.heads(run_ids)
        except (Unavailable, TimeoutError):
            return {}


def _timeout(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
