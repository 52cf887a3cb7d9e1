"""The operations of docs/operate.md: what each is meant for, and what is to come of it, however it is done."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.graph_cases import echo, edge, emit, gate, graph
from tests.integration.service import ENDED, Json, Service
from tests.integration.temporal_cli import TemporalCli
from tests.waiting import until

_PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text()
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SECTIONS: list[tuple[str, str]] = _SECTION.findall(_PAGE)
"""Title and text."""

APPROVAL = {"schema": {"type": "object", "properties": {"ship": {"type": "boolean"}}, "required": ["ship"]}}
CLICKED = "clicked"
"""In place of what a command prints."""

HELD = "somebody to unpause its activity in Temporal"


@dataclass(frozen=True)
class Prepared:
    """A run that the commands are meant for."""

    run_id: str
    graph_id: str = ""
    other_id: str = ""
    """Of a run that is like it, and that they are not meant for."""


@dataclass(frozen=True)
class Trial:
    """`prepare` makes such a run; `check` looks at what came of it, given what the commands printed.

    `shows`: what the Web UI shows then, where that is all that comes of it.
    """

    prepare: Callable[[Service, Path], Awaitable[Prepared]]
    check: Callable[[Service, Prepared, str], Awaitable[None]]
    shows: Callable[[Prepared, str], bool] | None = None


async def _start(service: Service, document: Json, **nodes: str) -> Prepared:
    """`nodes`: the statuses that are waited for."""
    run_id = await service.start(document)

    def reached(run: Json) -> bool:
        return all(run["nodes"][node]["status"] == status for node, status in nodes.items())

    run = await until(lambda: service.get(run_id), reached)
    return Prepared(run_id, run["graph_id"])


async def _greeting(service: Service, folder: Path) -> Prepared:
    document = graph([{"id": "hello", "type": "test.emit", "params": {"value": {"$input": "name"}}}])
    answer = await service.http.post("/graphs", json=document | {"name": "greeting"})
    return Prepared("greeting-1", answer.json()["graph_id"])


async def _greeted(service: Service, folder: Path) -> Prepared:
    prepared = await _greeting(service, folder)
    order = {"graph_id": prepared.graph_id, "input": {"name": "Ada"}, "tags": ["example"]}
    run_id = (await service.http.post("/runs", json=order)).json()["run_id"]
    other_id = (await service.http.post("/runs", json=order | {"tags": []})).json()["run_id"]
    for id in (run_id, other_id):
        await service.ended(id)
        query = f'WandGraph = "greeting" AND WandStatus = "succeeded" AND WorkflowId = "{id}"'
        await until(lambda query=query: TemporalCli(service.client).listed(query), bool)  # type: ignore[misc]
    return Prepared(run_id, prepared.graph_id, other_id)


async def _gated(service: Service, folder: Path) -> Prepared:
    document = graph([gate("a", folder / "open"), echo("b")], [edge("a", "b")])
    return await _start(service, document, a="running")


async def _paused(service: Service, folder: Path) -> Prepared:
    prepared = await _start(service, graph([{"id": "ask", "type": "flow.approval"}, emit("b")]), ask="waiting")
    await service.http.post(f"/runs/{prepared.run_id}/pause")
    await _has_status(service, prepared.run_id, "paused")
    return prepared


async def _asking(service: Service, folder: Path) -> Prepared:
    return await _start(service, graph([{"id": "ask", "type": "flow.approval", "params": APPROVAL}]), ask="waiting")


async def _budgeted(service: Service, folder: Path) -> Prepared:
    document = graph([gate("a", folder / "never")], options={"budget": {"usd": 1}})
    return await _start(service, document, a="running")


async def _expecting(service: Service, folder: Path) -> Prepared:
    return await _start(
        service, graph([{"id": "ask", "type": "flow.event", "params": {"name": "paid"}}]), ask="waiting"
    )


async def _fetching(service: Service, folder: Path) -> Prepared:
    return await _start(service, graph([gate("fetch", folder / "never"), emit("b")]), fetch="running")


async def _retrying(service: Service, folder: Path) -> Prepared:
    retry = {"initial_interval_sec": 3600, "max_interval_sec": 3600}
    flaky = {"id": "fetch", "type": "test.flaky", "params": {"succeeds_at": 2}, "retry": retry}
    return await _start(service, graph([flaky]), fetch="retrying")


async def _failed(service: Service, folder: Path) -> Prepared:
    params = {"open": str(folder / "open")}
    document = graph([emit("a", 1), {"id": "b", "type": "test.gated", "params": params}], [edge("a", "b", x="@")])
    run = await service.run(document)
    (folder / "open").touch()
    return Prepared(run["run_id"], run["graph_id"])


async def _scheduled(service: Service, folder: Path) -> Prepared:
    prepared = await _greeting(service, folder)
    order = {"schedule_id": "nightly", "graph_id": prepared.graph_id, "cron": "0 3 * * *", "input": {"name": "Ada"}}
    answer = await service.http.post("/schedules", json=order)
    assert answer.status_code == 201, answer.text
    await until(lambda: _listed(service), bool)
    return prepared


async def _listed(service: Service) -> bool:
    """The Web UI shows those that Temporal has indexed, and does not look again by itself."""
    found = (await service.http.get("/schedules")).json()["schedules"]
    return "nightly" in [schedule["schedule_id"] for schedule in found]


async def _paused_schedule(service: Service, folder: Path) -> Prepared:
    prepared = await _scheduled(service, folder)
    await service.http.post("/schedules/nightly/pause")
    return prepared


async def _held(service: Service, folder: Path) -> Prepared:
    prepared = await _retrying(service, folder)
    which = ("--workflow-id", prepared.run_id, "--activity-id", "fetch")
    await TemporalCli(service.client)("activity", "pause", *which)
    await _waits_for(service, prepared, HELD)
    return prepared


# What came of it


async def _is_greeted(service: Service, prepared: Prepared, printed: str) -> None:
    found = re.search(r"\br_[0-9a-f]{32}\b", printed)
    run = await until(lambda: _maybe(service, found.group() if found else prepared.run_id), bool)
    run = await service.ended(run["run_id"])
    assert (run["result"]["outputs"], run["tags"]) == ({"hello": "Ada"}, ["example"])
    assert run["graph_id"] == prepared.graph_id


async def _maybe(service: Service, run_id: str) -> Json:
    answer = await service.http.get(f"/runs/{run_id}")
    return dict(answer.json()) if answer.status_code == 200 else {}


async def _is_found(service: Service, prepared: Prepared, printed: str) -> None:
    assert _finds(prepared, printed)


def _finds(prepared: Prepared, shown: str) -> bool:
    return prepared.run_id in shown and prepared.other_id not in shown


async def _is_shown(service: Service, prepared: Prepared, printed: str) -> None:
    assert prepared.run_id in printed or "paused" in printed
    assert "run.started" in printed


async def _has_status(service: Service, run_id: str, status: str) -> Json:
    return await until(lambda: service.get(run_id), lambda run: run["status"] == status)


async def _is_paused(service: Service, prepared: Prepared, printed: str) -> None:
    await _has_status(service, prepared.run_id, "paused")


async def _goes_on(service: Service, prepared: Prepared, printed: str) -> None:
    await service.http.post(f"/runs/{prepared.run_id}/nodes/ask/skip")
    assert "run.resumed" in [event["type"] for event in await _events_at_end(service, prepared, "succeeded")]


async def _events_at_end(service: Service, prepared: Prepared, status: str) -> list[Json]:
    run = await service.ended(prepared.run_id)
    assert run["status"] == status
    row = await service.store.runs.get(prepared.run_id)
    assert row is not None
    assert row.status == status
    return await service.events(prepared.run_id)


async def _is_answered(service: Service, prepared: Prepared, printed: str) -> None:
    events = await _events_at_end(service, prepared, "succeeded")
    assert (await service.get(prepared.run_id))["result"]["outputs"] == {"ask": {"ship": True}}
    assert "Ada answered ask" in [event["message"] for event in events]


async def _has_budget(service: Service, prepared: Prepared, printed: str) -> None:
    async def changes() -> list[Json]:
        return [event for event in await service.events(prepared.run_id) if event["type"] == "run.budget"]

    [changed] = await until(changes, bool)
    assert changed["data"] == {"budget": {"usd": 5.0, "on_exceeded": "pause"}, "of": None}


async def _is_sent(service: Service, prepared: Prepared, printed: str) -> None:
    await _events_at_end(service, prepared, "succeeded")
    assert (await service.get(prepared.run_id))["result"]["outputs"] == {"ask": {"amount": 3}}


async def _is_skipped(service: Service, prepared: Prepared, printed: str) -> None:
    events = await _events_at_end(service, prepared, "succeeded")
    assert [event["type"] for event in events if event["node"] == "fetch"][-1] == "node.skipped"


async def _is_tried(service: Service, prepared: Prepared, printed: str) -> None:
    await _events_at_end(service, prepared, "succeeded")


async def _is_held(service: Service, prepared: Prepared, printed: str) -> None:
    await _waits_for(service, prepared, HELD)
    answer = await service.http.post(f"/runs/{prepared.run_id}/nodes/fetch/retry")
    assert answer.status_code == 200, answer.text
    await _is_tried(service, prepared, printed)


async def _waits_for(service: Service, prepared: Prepared, reason: str) -> None:
    await until(lambda: service.get(prepared.run_id), lambda run: run["nodes"]["fetch"]["waiting_for"] == [reason])


async def _is_cancelled(service: Service, prepared: Prepared, printed: str) -> None:
    events = await _events_at_end(service, prepared, "cancelled")
    assert [event["type"] for event in events][-3:] == ["run.cancelling", "node.cancelled", "run.cancelled"]


async def _is_terminated(service: Service, prepared: Prepared, printed: str) -> None:
    events = await _events_at_end(service, prepared, "terminated")
    assert "it hangs" in events[-1]["message"]


async def _is_retried(service: Service, prepared: Prepared, printed: str) -> None:
    found = re.search(r"\br_[0-9a-f]{32}(?!-)\b", printed.replace(prepared.run_id, "-"))
    second = found.group() if found else f"{prepared.run_id}-again"
    await until(lambda: _maybe(service, second), lambda run: run.get("status") in ENDED)
    run = await service.get(second)
    assert (run["status"], run["retry_of"]) == ("succeeded", prepared.run_id)
    assert run["result"]["outputs"] == {"b": {"x": 1}}
    assert [event["type"] for event in await service.events(second, node="a")] == ["node.succeeded"]


async def _is_gone(service: Service, prepared: Prepared, printed: str) -> None:
    """From Temporal, too, at once where the API was called; otherwise it looks there now and then."""
    await until(lambda: service.http.get(f"/runs/{prepared.run_id}"), lambda answer: answer.status_code == 404)
    if not printed:
        executions = TemporalCli(service.client)
        await until(lambda: executions.listed(f'WorkflowId = "{prepared.run_id}"'), lambda found: not found)


def _shows_run(prepared: Prepared, shown: str) -> bool:
    """The table of its nodes, or the answer of the query."""
    return prepared.run_id in shown and "waiting" in shown and "paused" in shown


# Schedules


async def _schedule(service: Service) -> Json:
    return dict((await service.http.get("/schedules/nightly")).json())


async def _is_created(service: Service, prepared: Prepared, printed: str) -> None:
    """The one that was clicked has no search attribute, by which lists find it."""
    await until(lambda: service.http.get("/schedules/nightly"), lambda answer: answer.status_code == 200)
    if printed != CLICKED:
        await until(lambda: _listed(service), bool)
    assert (await _schedule(service))["next_runs"][0][10:19] == "T03:00:00"
    answer = await service.http.post("/schedules/nightly/trigger")
    assert answer.status_code == 202, answer.text
    await _has_triggered(service, prepared, printed)


async def _is_described(service: Service, prepared: Prepared, printed: str) -> None:
    assert "GraphRun" in printed or prepared.graph_id in printed


def _shows_schedule(prepared: Prepared, shown: str) -> bool:
    return all(words in shown for words in ("nightly", "GraphRun", prepared.graph_id, "5 Upcoming Runs"))


async def _schedule_is_paused(service: Service, prepared: Prepared, printed: str) -> None:
    await until(lambda: _schedule(service), lambda schedule: schedule["paused"])


async def _schedule_is_resumed(service: Service, prepared: Prepared, printed: str) -> None:
    await until(lambda: _schedule(service), lambda schedule: not schedule["paused"])


async def _has_triggered(service: Service, prepared: Prepared, printed: str) -> None:
    await _has_run(service, 1)


async def _has_backfilled(service: Service, prepared: Prepared, printed: str) -> None:
    """By the commands, of two moments; by clicks of two or three, as the form adds the present time of day."""
    await _has_run(service, 2)


async def _has_run(service: Service, times: int) -> None:
    def ended(schedule: Json) -> bool:
        return [run["status"] for run in schedule["last_runs"]].count("succeeded") >= times

    last_runs = (await until(lambda: _schedule(service), ended))["last_runs"]
    run = await service.ended(last_runs[0]["run_id"])
    assert run["result"]["outputs"] == {"hello": "Ada"}


async def _schedule_is_gone(service: Service, prepared: Prepared, printed: str) -> None:
    await until(lambda: service.http.get("/schedules/nightly"), lambda answer: answer.status_code == 404)


TRIALS = {
    "Start a run": Trial(_greeting, _is_greeted),
    "Find runs": Trial(_greeted, _is_found, _finds),
    "Look at a run": Trial(_paused, _is_shown, _shows_run),
    "Pause a run": Trial(_gated, _is_paused),
    "Resume a run": Trial(_paused, _goes_on),
    "Replace a budget": Trial(_budgeted, _has_budget),
    "Answer an approval": Trial(_asking, _is_answered),
    "Send an event": Trial(_expecting, _is_sent),
    "Skip a node": Trial(_fetching, _is_skipped),
    "Retry a node": Trial(_retrying, _is_tried),
    "Hold one node": Trial(_retrying, _is_held),
    "Let a node go on": Trial(_held, _is_tried),
    "Cancel a run": Trial(_gated, _is_cancelled),
    "Terminate a run": Trial(_gated, _is_terminated),
    "Retry a run": Trial(_failed, _is_retried),
    "Delete a run": Trial(_greeted, _is_gone),
    "Create a schedule": Trial(_greeting, _is_created),
    "Look at a schedule": Trial(_scheduled, _is_described, _shows_schedule),
    "Pause a schedule": Trial(_scheduled, _schedule_is_paused),
    "Resume a schedule": Trial(_paused_schedule, _schedule_is_resumed),
    "Trigger a schedule": Trial(_scheduled, _has_triggered),
    "Backfill a schedule": Trial(_scheduled, _has_backfilled),
    "Delete a schedule": Trial(_scheduled, _schedule_is_gone),
}


@asynccontextmanager
async def tried(service: Service, folder: Path, title: str) -> AsyncIterator[tuple[Trial, Prepared]]:
    """What the operation is meant for; in the end it does not go on any more."""
    trial = TRIALS[title]
    prepared = await trial.prepare(service, folder)
    try:
        yield trial, prepared
    finally:
        await service.http.post(f"/runs/{prepared.run_id}/cancel")
        await service.http.delete("/schedules/nightly")
