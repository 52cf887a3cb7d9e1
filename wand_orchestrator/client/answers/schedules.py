"""Models of what the API answers about schedules."""

from datetime import datetime
from typing import Any

from wand_orchestrator.client.answers.answer import Answer, RunStatusText
from wand_orchestrator.client.answers.runs import Webhook


class ScheduleCreated(Answer):
    """A schedule that was created."""

    schedule_id: str


class LastRun(Answer):
    """A run that the schedule started. `scheduled_at`: the moment that it was due, jitter included."""

    run_id: str
    scheduled_at: datetime
    started_at: datetime


class LastRunView(LastRun):
    """A run that the schedule started, with its status."""

    status: RunStatusText | None = None


class ScheduleSummary(Answer):
    """A schedule as lists show it, which is as of a moment ago: Temporal indexes schedules with a delay."""

    schedule_id: str
    graph_name: str
    graph_id: str | None = None
    tags: list[str]
    cron: str | None = None
    every: str | None = None
    time_zone: str
    paused: bool
    note: str | None = None
    next_run_at: datetime | None = None
    last_run: LastRun | None = None


class SchedulePage(Answer):
    """A page of schedules. `next`: the `cursor` of the next page; null on the last."""

    schedules: list[ScheduleSummary]
    next: str | None = None


class ScheduleView(ScheduleSummary):
    """A schedule with the terms of its runs. `started`, `skipped` and `missed` count moments: with a run, without
    one because of `overlap`, and without one because Temporal was down for longer than `catchup_window`.
    """

    input: Any = None
    webhook: Webhook | None = None
    jitter: str | None = None
    overlap: str
    catchup_window: str | None = None
    next_runs: list[datetime]
    last_runs: list[LastRunView]
    started: int
    skipped: int
    missed: int
    created_at: datetime
    updated_at: datetime | None = None


class ScheduleSteered(Answer):
    """The answer to an order to a schedule."""

    schedule_id: str


class ScheduleTriggered(ScheduleSteered):
    """A run that a schedule starts now."""

    run_id: str
