"""Calls about schedules."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from wand_orchestrator.client._async.connection import AsyncApiConnection
from wand_orchestrator.client._async.paging import entries
from wand_orchestrator.client.answers.schedules import (
    ScheduleCreated,
    SchedulePage,
    ScheduleSteered,
    ScheduleSummary,
    ScheduleTriggered,
    ScheduleView,
)
from wand_orchestrator.client.run_request import given, graph_part


class AsyncScheduleCalls:
    """Schedules: runs of stored graphs that Temporal starts by the clock."""

    def __init__(self, connection: AsyncApiConnection) -> None:
        self._connection = connection

    async def create(
        self,
        graph: str,
        *,
        cron: str | None = None,
        every: str | float | None = None,
        schedule_id: str | None = None,
        input: Any = None,
        tags: Sequence[str] = (),
        webhook: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> ScheduleCreated:
        """Create a schedule of the graph with this id, or of the newest version of this name at each firing.

        One of `cron` and `every` (`15m`, or seconds) says when; `options` are further fields of the request, such as
        `time_zone`, `jitter`, `overlap`, `catchup_window`, `paused` and `note`.
        """
        terms = given(
            schedule_id=schedule_id, cron=cron, every=every, input=input, webhook=webhook, tags=list(tags) or None
        )
        body = graph_part(graph) | terms | given(**options)
        return await self._connection.post(ScheduleCreated, "create_schedule", body)

    def list(
        self, *, graph_id: str | None = None, graph_name: str | None = None, limit: int | None = None
    ) -> AsyncIterator[ScheduleSummary]:
        """Iterate over schedules, as of a moment ago."""
        query = {"graph_id": graph_id, "graph_name": graph_name}
        return entries(self._connection, SchedulePage, lambda page: page.schedules, "list_schedules", query, limit)

    async def get(self, schedule_id: str) -> ScheduleView:
        """Return a schedule with its next times and its last runs. Raises NotFound."""
        return await self._connection.get(ScheduleView, "get_schedule", schedule_id=schedule_id)

    async def pause(self, schedule_id: str, *, note: str | None = None) -> ScheduleSteered:
        """Pause a schedule: it starts no runs until `resume`."""
        body = given(note=note)
        return await self._connection.post(ScheduleSteered, "pause_schedule", body, schedule_id=schedule_id)

    async def resume(self, schedule_id: str, *, note: str | None = None) -> ScheduleSteered:
        """Resume a schedule, from its next time on."""
        body = given(note=note)
        return await self._connection.post(ScheduleSteered, "resume_schedule", body, schedule_id=schedule_id)

    async def trigger(self, schedule_id: str, *, overlap: str | None = None) -> ScheduleTriggered:
        """Start a run now, besides those by the clock. Raises Conflict where `overlap` forbids it."""
        body = given(overlap=overlap)
        return await self._connection.post(ScheduleTriggered, "trigger_schedule", body, schedule_id=schedule_id)

    async def backfill(
        self, schedule_id: str, start_at: datetime, end_at: datetime, *, overlap: str | None = None
    ) -> ScheduleSteered:
        """Start the runs of times in the past, both included; the moments have to have an offset from UTC."""
        body = given(start_at=start_at.isoformat(), end_at=end_at.isoformat(), overlap=overlap)
        return await self._connection.post(ScheduleSteered, "backfill_schedule", body, schedule_id=schedule_id)

    async def delete(self, schedule_id: str) -> None:
        """Delete a schedule; the runs that it started go on."""
        await self._connection.send("delete_schedule", {"schedule_id": schedule_id})
