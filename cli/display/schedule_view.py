"""Prints schedules for people."""

from collections.abc import Sequence

from wand_orchestrator.cli.client.api_client import Json
from wand_orchestrator.cli.display.output import print_fields
from wand_orchestrator.cli.display.table import print_table

NONE = "none"


def print_schedules(schedules: Sequence[Json]) -> None:
    rows = [
        (
            schedule["schedule_id"],
            schedule["graph_name"],
            _times(schedule),
            _state(schedule),
            schedule["next_run_at"] or NONE,
            schedule["last_run"]["started_at"] if schedule["last_run"] else NONE,
        )
        for schedule in schedules
    ]
    print_table(("schedule", "graph", "times", "state", "next run", "last run"), rows, whole=("schedule",))


def print_schedule(schedule: Json) -> None:
    print_fields(
        ("schedule", schedule["schedule_id"]),
        ("graph", f"{schedule['graph_name']}, {schedule['graph_id'] or 'newest version'}"),
        ("times", _times(schedule)),
        ("jitter", schedule["jitter"]),
        ("overlap", schedule["overlap"]),
        ("catch-up", schedule["catchup_window"]),
        ("tags", ", ".join(schedule["tags"])),
        ("webhook", schedule["webhook"] and schedule["webhook"]["url"]),
        ("state", _state(schedule)),
        ("note", schedule["note"]),
        ("started", f"{schedule['started']} in all; {schedule['skipped']} skipped, {schedule['missed']} missed"),
        ("next run", schedule["next_run_at"] or NONE),
    )
    if schedule["last_runs"]:
        rows = [(run["run_id"], run["status"] or "", run["started_at"]) for run in schedule["last_runs"]]
        print_table(("run", "status", "started"), rows, whole=("run",))


def _times(schedule: Json) -> str:
    cron = schedule["cron"] and f"{schedule['cron']} {schedule['time_zone']}"
    every = schedule["every"] and f"every {schedule['every']}"
    return "; ".join(filter(None, (cron, every))) or NONE


def _state(schedule: Json) -> str:
    return "paused" if schedule["paused"] else "active"
