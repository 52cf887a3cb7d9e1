"""The API's models of schedules."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wand_orchestrator.api.http.moments import AwareMoment, Moment
from wand_orchestrator.api.runs.models import RequestedTerms
from wand_orchestrator.api.schedules.times import CatchupWindow, Duration, Interval
from wand_orchestrator.contract.run_terms import CallerTerms
from wand_orchestrator.contract.state import RunStatus

Overlap = Literal["skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow_all"]
ScheduleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Note = Annotated[str, StringConstraints(min_length=1, max_length=1000)]

OVERLAP = (
    "What happens when a run of the schedule is still going on at the moment of the next: `skip` it; `buffer_one` or "
    "`buffer_all` to run afterwards; `cancel_other` or `terminate_other`, then run; `allow_all` to run at once."
)


class ScheduleRequest(RequestedTerms):
    """A schedule to create, with the terms of each of its runs, one of `graph_id` and `graph_name`, and one of `cron`
    and `every`.
    """

    schedule_id: ScheduleId | None = Field(
        default=None, description="Of your own choice, such as `nightly-report`. Default: a new one."
    )
    graph_id: str | None = Field(default=None, max_length=200, description="A stored graph: always this version.")
    graph_name: str | None = Field(
        default=None, max_length=200, description="Of stored graphs: at each firing the newest version of this name."
    )
    cron: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=r"^[^#\n]*$",
        description="Five fields (minute, hour, day of month, month, day of week), six with a year, or `@daily` and "
        "the like.",
    )
    every: Interval | None = Field(
        default=None, description="`90s`, `15m`, `1h30m`, `7d`, or a number of whole seconds; at least one."
    )
    time_zone: str = Field(default="UTC", min_length=1, max_length=100, description="IANA name, for `cron`.")
    jitter: Duration | None = Field(default=None, description="Each run starts up to so much later, by chance.")
    overlap: Overlap = Field(default="skip", description=OVERLAP)
    catchup_window: CatchupWindow = Field(
        default=timedelta(days=1),
        description="What Temporal missed because it was down is started when it is back, if it is no older than this; "
        "at least 10 s.",
    )
    paused: bool = Field(default=False, description="Nothing starts until `resume`.")
    note: Note | None = Field(default=None, description="Shown in the Temporal Web UI; a pause replaces it.")

    @model_validator(mode="after")
    def _one_of_each(self) -> "ScheduleRequest":
        if (self.graph_id is None) == (self.graph_name is None):
            raise ValueError("give either `graph_id` or `graph_name`")
        if (self.cron is None) == (self.every is None):
            raise ValueError("give either `cron` or `every`")
        return self


class ScheduleCreated(BaseModel):
    schedule_id: str


class LastRun(BaseModel):
    """A run that the schedule started. `scheduled_at`: the moment that it was due, jitter included."""

    run_id: str
    scheduled_at: Moment
    started_at: Moment


class LastRunView(LastRun):
    status: RunStatus | None = Field(description="As `GET /runs` shows it; null while the run has no row yet.")


class ScheduleSummary(BaseModel):
    """A schedule as lists show it, which is as of a moment ago: Temporal indexes schedules with a delay."""

    schedule_id: str
    graph_name: str
    graph_id: str | None = Field(description="Null: the newest version of `graph_name` at each firing.")
    tags: list[str] = Field(description="Of each run.")
    cron: str | None = Field(description="Several, from Temporal's own tools, are joined by `; `.")
    every: str | None
    time_zone: str
    paused: bool
    note: str | None
    next_run_at: Moment | None = Field(description="Null: it is paused, or no moment will come.")
    last_run: LastRun | None


class ScheduleView(CallerTerms, ScheduleSummary):
    """A schedule with the terms of its runs.

    `started`, `skipped` and `missed` count moments: with a run, without one because of `overlap`, and without one
    because Temporal was down for longer than `catchup_window`.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    jitter: str | None
    overlap: Overlap
    catchup_window: str | None
    next_runs: list[Moment] = Field(description="Up to ten; none while it is paused.")
    last_runs: list[LastRunView] = Field(description="Up to ten, newest first.")
    started: int
    skipped: int
    missed: int
    created_at: Moment
    updated_at: Moment | None


class SchedulePage(BaseModel):
    """A page of schedules. `next`: the `cursor` of the next page; null on the last."""

    schedules: list[ScheduleSummary]
    next: str | None


class NoteRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: Note | None = Field(default=None, description="Why; shown in the Temporal Web UI.")


class TriggerRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overlap: Overlap | None = Field(default=None, description=f"Default: the schedule's own. {OVERLAP}")


class BackfillRequest(BaseModel):
    """A backfill: all times of the schedule from `start_at` to `end_at`, both included."""

    model_config = ConfigDict(extra="forbid")

    start_at: AwareMoment = Field(description="RFC 3339.")
    end_at: AwareMoment = Field(description="RFC 3339.")
    overlap: Overlap = Field(default="buffer_all", description=f"Default: one run after the other. {OVERLAP}")

    @model_validator(mode="after")
    def _forwards(self) -> "BackfillRequest":
        if self.end_at < self.start_at:
            raise ValueError("`end_at` lies before `start_at`")
        return self


class ScheduleSteered(BaseModel):
    schedule_id: str


class ScheduleTriggered(ScheduleSteered):
    run_id: str = Field(description="Of the run that it starts, at once or when `overlap` lets it.")
