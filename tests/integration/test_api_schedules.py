"""Schedules through HTTP on the real server: what they start, and what Temporal's own tools see and change of them."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.service import RPCError

from tests.integration.graph_cases import emit, gate, graph
from tests.integration.service import Json, Service
from tests.integration.temporal_cli import TemporalCli
from tests.waiting import until
from wand_orchestrator.api.http.examples import BACKFILLS
from wand_orchestrator.api.temporal.budget import CallBudget

NEVER_SOON = "0 0 1 1 *"
TWO_MOMENTS = {"start_at": "2021-12-31T00:00:00Z", "end_at": "2023-01-01T00:00:00Z"}
"""Of NEVER_SOON: the first of January of 2022 and of 2023."""


async def _store(service: Service, name: str, *nodes: Json) -> str:
    answer = await service.http.post("/graphs", json={**graph(list(nodes)), "name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["graph_id"])


def _name() -> str:
    return f"scheduled-{uuid.uuid4().hex[:8]}"


@asynccontextmanager
async def _schedule(service: Service, **body: Any) -> AsyncIterator[str]:
    """One that is gone in the end, lest it goes on starting runs."""
    answer = await service.http.post("/schedules", json=body)
    assert answer.status_code == 201, answer.text
    schedule_id = str(answer.json()["schedule_id"])
    assert answer.headers["location"] == f"/schedules/{schedule_id}"
    try:
        yield schedule_id
    finally:
        with suppress(RPCError):
            await service.client.get_schedule_handle(schedule_id).delete()


async def _get(service: Service, schedule_id: str) -> Json:
    answer = await service.http.get(f"/schedules/{schedule_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _steer(service: Service, schedule_id: str, verb: str, body: Json | None = None) -> None:
    answer = await service.http.post(f"/schedules/{schedule_id}/{verb}", json=body)
    assert answer.status_code == 202, answer.text


async def _delete(service: Service, schedule_id: str) -> None:
    assert (await service.http.delete(f"/schedules/{schedule_id}")).status_code == 204


async def _started(service: Service, schedule_id: str, count: int) -> list[str]:
    """The ids of its runs, the oldest first, when there are `count`."""
    answer = await until(
        lambda: service.http.get(f"/schedules/{schedule_id}"),
        lambda answer: len(answer.json().get("last_runs", ())) >= count,  # a busy Temporal may take too long
    )
    return [run["run_id"] for run in answer.json()["last_runs"]][::-1]


async def _waits_at_gate(service: Service, run_id: str) -> None:
    await until(lambda: service.get(run_id), lambda run: run["nodes"].get("a", {}).get("status") == "running")


async def test_a_schedule_by_name_starts_the_newest_version_and_by_id_always_the_same(service: Service) -> None:
    name = _name()
    first = await _store(service, name, emit("a", "first"))
    own = f"own.{uuid.uuid4().hex[:8]}"
    order: Json = {"cron": NEVER_SOON, "input": {"n": 1}, "tags": ["clock"]}
    async with (
        _schedule(service, graph_name=name, schedule_id=own, **order) as by_name,
        _schedule(service, graph_id=first, **order) as by_id,
    ):
        await _steer(service, by_name, "trigger")
        [triggered] = await _started(service, by_name, 1)
        before = await service.ended(triggered)

        second = await _store(service, name, emit("a", "second"))
        await _steer(service, by_name, "backfill", TWO_MOMENTS)
        await _steer(service, by_id, "backfill", {**TWO_MOMENTS, "overlap": "allow_all"})
        _, *backfilled = await _started(service, by_name, 3)
        fixed = await _started(service, by_id, 2)
        runs = [await service.ended(run_id) for run_id in (*backfilled, *fixed)]
        shown = await _get(service, by_name)
        await _delete(service, by_name)

    assert (by_name, by_id.rpartition("-")[0]) == (own, name)
    assert triggered.startswith(f"r_{own}-")
    assert [run_id[-20:] for run_id in backfilled] == ["2022-01-01T00:00:00Z", "2023-01-01T00:00:00Z"]
    assert fixed == [f"r_{by_id}-2022-01-01T00:00:00Z", f"r_{by_id}-2023-01-01T00:00:00Z"]
    assert before["result"]["outputs"] == {"a": "first"}
    assert [run["result"]["outputs"]["a"] for run in runs] == ["second", "second", "first", "first"]
    assert [run["graph_id"] for run in runs] == [second, second, first, first]
    assert {tuple(run["tags"]) for run in runs} == {("clock",)}
    listed = (await service.http.get("/runs", params={"name": name})).json()["runs"]
    assert {run["run_id"] for run in listed} == {triggered, *backfilled, *fixed}
    assert [run["status"] for run in shown["last_runs"]] == ["succeeded"] * 3
    assert (shown["started"], shown["input"], shown["tags"]) == (3, {"n": 1}, ["clock"])
    assert (await service.http.get(f"/schedules/{own}")).status_code == 404
    assert (await service.get(triggered))["status"] == "succeeded"


async def test_the_clock_starts_runs_until_the_schedule_is_paused(service: Service) -> None:
    name = _name()
    await _store(service, name, emit("a", 1))
    async with _schedule(service, graph_name=name, every="1s") as schedule_id:
        run_ids = await _started(service, schedule_id, 2)
        await _steer(service, schedule_id, "pause")
        shown = await _get(service, schedule_id)

        assert (shown["paused"], shown["next_runs"], shown["next_run_at"]) == (True, [], None)
        assert len(set(run_ids)) >= 2
        assert {(await service.ended(run_id))["status"] for run_id in run_ids} == {"succeeded"}


OVERLAPS = [
    ("skip", "succeeded", 1),
    ("buffer_one", "succeeded", 2),
    ("buffer_all", "succeeded", 2),
    ("cancel_other", "cancelled", 2),
    ("terminate_other", "terminated", 2),
    ("allow_all", "succeeded", 2),
]


@pytest.mark.parametrize(("overlap", "first_ends", "runs"), OVERLAPS, ids=lambda value: str(value))
async def test_overlap_is_about_the_run_itself(
    service: Service, tmp_path: Path, overlap: str, first_ends: str, runs: int
) -> None:
    name, opened = _name(), tmp_path / "open"
    await _store(service, name, gate("a", opened))
    async with _schedule(service, graph_name=name, cron=NEVER_SOON, overlap=overlap) as schedule_id:
        one = {**TWO_MOMENTS, "end_at": "2022-06-01T00:00:00Z", "overlap": overlap}
        other = {**TWO_MOMENTS, "start_at": "2022-06-01T00:00:00Z", "overlap": overlap}
        await _steer(service, schedule_id, "backfill", one)
        [first] = await _started(service, schedule_id, 1)
        await _waits_at_gate(service, first)

        await _steer(service, schedule_id, "backfill", other)
        if overlap == "skip":
            await until(lambda: _get(service, schedule_id), lambda shown: shown["skipped"] == 1)
        if overlap in ("skip", "buffer_one", "buffer_all"):
            assert (await service.get(first))["status"] == "running"
            opened.touch()
        run_ids = await _started(service, schedule_id, runs)
        if overlap == "allow_all":
            for run_id in run_ids:
                await _waits_at_gate(service, run_id)
        opened.touch()
        ended = [await service.ended(run_id) for run_id in run_ids]

    assert [run["status"] for run in ended] == [first_ends, "succeeded"][:runs]


async def _trigger(service: Service, schedule_id: str, **body: Any) -> httpx.Response:
    return await service.http.post(f"/schedules/{schedule_id}/trigger", json=body)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Triggers come to an end on a busy machine, too, instead of a 503 that leaves open what became of them."""
    monkeypatch.setattr("wand_orchestrator.api.schedules.triggers.CallBudget", partial(CallBudget, seconds=25))
    monkeypatch.setattr("wand_orchestrator.api.schedules.triggers.SCHEDULE_CALL_SEC", 20)
    monkeypatch.setattr("wand_orchestrator.api.schedules.schedules.SCHEDULE_CALL_SEC", 20)


@pytest.mark.usefixtures("patient")
async def test_each_of_several_triggers_at_once_gives_a_run_of_its_own(service: Service) -> None:
    name = _name()
    await _store(service, name, emit("a", 1))
    async with (
        _schedule(service, graph_name=name, cron=NEVER_SOON, overlap="allow_all") as seldom,
        _schedule(service, graph_name=name, every="1s", jitter="59s", paused=True) as every_second,
    ):
        answers = await asyncio.gather(
            *(_trigger(service, seldom) for _ in range(5)),
            *(_trigger(service, every_second, overlap="allow_all") for _ in range(2)),
        )
        run_ids = [answer.json()["run_id"] for answer in answers]
        runs = [await service.ended(run_id) for run_id in run_ids]

    assert {answer.status_code for answer in answers} == {202}
    assert len(set(run_ids)) == 7
    assert {run["status"] for run in runs} == {"succeeded"}
    listed = (await service.http.get("/runs", params={"name": name})).json()["runs"]
    assert {run["run_id"] for run in listed} == set(run_ids)


@pytest.mark.usefixtures("patient")
async def test_a_trigger_waits_or_is_refused_as_overlap_says(service: Service, tmp_path: Path) -> None:
    name, opened = _name(), tmp_path / "open"
    await _store(service, name, gate("a", opened))
    async with _schedule(service, graph_name=name, cron=NEVER_SOON, overlap="buffer_one") as schedule_id:
        first = (await _trigger(service, schedule_id)).json()["run_id"]
        await _waits_at_gate(service, first)
        waits = (await _trigger(service, schedule_id)).json()["run_id"]
        refused = [await _trigger(service, schedule_id), await _trigger(service, schedule_id, overlap="skip")]
        before = [run["run_id"] for run in (await _get(service, schedule_id))["last_runs"]]
        opened.touch()
        run_ids = await _started(service, schedule_id, 2)
        ended = [await service.ended(run_id) for run_id in run_ids]
        shown = await _get(service, schedule_id)

    assert (before, run_ids) == ([first], [first, waits])
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(409, "trigger_skipped")}
    assert [run["status"] for run in ended] == ["succeeded"] * 2
    assert (shown["started"], shown["skipped"]) == (2, 2)


async def test_rest_and_the_temporal_cli_show_and_steer_the_same_schedule(service: Service) -> None:
    name, temporal = _name(), TemporalCli(service.client)
    await _store(service, name, emit("a", 1))
    order: Json = {"cron": "0 6 * * MON-FRI", "time_zone": "Europe/Paris", "jitter": "90s", "catchup_window": "36h"}
    asked: Json = {"graph_name": name, "overlap": "buffer_one", "note": "by hand", **order}
    async with _schedule(service, **asked) as schedule_id:
        shown = await _get(service, schedule_id)
        assert {key: shown[key] for key in asked} == {**asked, "jitter": "1m30s", "catchup_window": "1d12h"}
        assert (shown["graph_id"], shown["every"], shown["paused"], shown["last_runs"]) == (None, None, False, [])
        assert len(shown["next_runs"]) == 10
        assert shown["next_run_at"][11:16] in ("04:00", "05:00", "04:01", "05:01")

        await _steer(service, schedule_id, "pause", {"note": "a holiday"})
        assert "a holiday" in await temporal("schedule", "describe", "--schedule-id", schedule_id)
        await temporal("schedule", "toggle", "--schedule-id", schedule_id, "--unpause", "--reason", "over")
        shown = await _get(service, schedule_id)
        assert (shown["paused"], shown["note"]) == (False, "over")
        await temporal("schedule", "toggle", "--schedule-id", schedule_id, "--pause", "--reason", "again")
        await _steer(service, schedule_id, "resume")
        assert not (await _get(service, schedule_id))["paused"]
        await temporal("schedule", "trigger", "--schedule-id", schedule_id)
        [run_id] = await _started(service, schedule_id, 1)
        assert (await service.ended(run_id))["status"] == "succeeded"
        await temporal("schedule", "delete", "--schedule-id", schedule_id)
        assert (await service.http.get(f"/schedules/{schedule_id}")).status_code == 404


async def test_a_graphs_schedule_made_by_the_temporal_cli_is_shown_and_another_workflows_is_not(
    service: Service,
) -> None:
    name, temporal = _name(), TemporalCli(service.client)
    await _store(service, name, emit("a", 1))
    made, foreign = f"made-{name}", f"foreign-{name}"
    times = ("--cron", "30 2 * * 1", "--interval", "90m", "--task-queue", service.settings.task_queue)
    order = ("--type", "GraphRun", "--input", f'{{"graph_name": "{name}"}}')
    await temporal("schedule", "create", "--schedule-id", made, *order, *times)
    await temporal("schedule", "create", "--schedule-id", foreign, "--type", "Other", *times)
    try:
        shown = await _get(service, made)
        await _steer(service, made, "trigger")
        [run_id] = await _started(service, made, 1)
        refused = [
            await service.http.get(f"/schedules/{foreign}"),
            await service.http.post(f"/schedules/{foreign}/pause"),
            await service.http.delete(f"/schedules/{foreign}"),
        ]
    finally:
        await temporal("schedule", "delete", "--schedule-id", made)
        await temporal("schedule", "delete", "--schedule-id", foreign)

    assert (shown["graph_name"], shown["cron"], shown["every"]) == (name, "30 2 * * 1", "1h30m")
    assert (await service.ended(run_id))["status"] == "succeeded"
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(404, "schedule_not_found")}


async def test_schedules_are_listed_page_by_page(service: Service) -> None:
    name = _name()
    graph_id = await _store(service, name, emit("a", 1))

    async def listed(**params: Any) -> list[Json]:
        found: list[Json] = []
        cursor: str | None = None
        while True:
            query = {**params, "limit": 2, **({"cursor": cursor} if cursor else {})}
            page = (await service.http.get("/schedules", params=query)).json()
            assert len(page["schedules"]) <= 2
            found += page["schedules"]
            if (cursor := page["next"]) is None:
                return found

    async with AsyncExitStack() as opened:
        paused: Json = {"graph_name": name, "cron": NEVER_SOON, "paused": True}
        by_name = [await opened.enter_async_context(_schedule(service, **paused)) for _ in range(4)]
        by_id = await opened.enter_async_context(_schedule(service, graph_id=graph_id, every=3600))
        # Temporal indexes schedules, and what is to come of them, with a delay.
        found = await until(
            lambda: listed(graph_name=name),
            lambda found: len(found) == 5 and all(entry["next_run_at"] or entry["paused"] for entry in found),
        )
        [of_version] = await listed(graph_id=graph_id)

    assert {entry["schedule_id"] for entry in found} == {*by_name, by_id}
    assert {entry["cron"] for entry in found if entry["paused"]} == {NEVER_SOON}
    assert (of_version["schedule_id"], of_version["every"], of_version["graph_name"]) == (by_id, "1h", name)


REFUSED: dict[str, tuple[Json, int, str, str]] = {
    "a bad cron": ({"cron": "99 * * * *"}, 422, "bad_cron", "`cron`"),
    "no cron": ({"cron": "every day"}, 422, "bad_cron", "`cron`"),
    "a day that never comes": ({"cron": "0 0 30 2 *"}, 422, "cron_never", "`cron`"),
    "a year that is over": ({"cron": "0 0 1 1 * 2020", "paused": True}, 422, "cron_never", "`cron`"),
    "a bad time zone": ({"cron": NEVER_SOON, "time_zone": "Mars/Phobos"}, 422, "bad_time_zone", "`time_zone`"),
    "neither times": ({}, 422, "request_invalid", "either `cron` or `every`"),
    "both times": ({"cron": NEVER_SOON, "every": 60}, 422, "request_invalid", "either `cron` or `every`"),
    "both graphs": ({"every": 60, "graph_id": "g_1"}, 422, "request_invalid", "either `graph_id` or `graph_name`"),
    "too often": ({"every": 0.5}, 422, "request_invalid", "/every"),
    "no duration": ({"every": "soon"}, 422, "request_invalid", "15m"),
    "an unknown overlap": ({"every": 60, "overlap": "queue"}, 422, "request_invalid", "/overlap"),
    "an unknown key": ({"every": 60, "when": "now"}, 422, "request_invalid", "/when"),
    "a bad id": ({"every": 60, "schedule_id": "a/b"}, 422, "request_invalid", "/schedule_id"),
    "a tag with a blank": ({"every": 60, "tags": ["a b"]}, 422, "request_invalid", "/tags"),
    "a bad webhook": ({"every": 60, "webhook": {"url": "ftp://a"}}, 422, "request_invalid", "/webhook/url"),
    "a large input": ({"every": 60, "input": "x" * 2_500_000}, 422, "schedule_invalid", "`input`"),
    "a larger input": ({"every": 60, "input": "x" * 4_500_000}, 422, "schedule_invalid", "`input`"),
    "part of a second": ({"every": 1.9}, 422, "request_invalid", "whole seconds"),
    "part of a second as text": ({"every": "1m1.5s"}, 422, "request_invalid", "whole seconds"),
    "an unknown name": ({"every": 60, "graph_name": "unknown"}, 404, "graph_not_found", "unknown"),
    "an unknown version": ({"every": 60, "graph_name": None, "graph_id": "g_none"}, 404, "graph_not_found", "g_none"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_schedule_that_cannot_be_is_refused_with_what_is_wrong(service: Service, case: str) -> None:
    body, status, code, part = REFUSED[case]
    await service.http.post("/graphs", json={**graph([emit("a")]), "name": "refused"})

    answer = await service.http.post("/schedules", json={"graph_name": "refused", "schedule_id": "refused", **body})

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert part in answer.json()["detail"]
    with pytest.raises(RPCError):
        await service.client.get_schedule_handle("refused").describe()


@pytest.mark.parametrize("name", ['say "it"', "a\\b", "back\\", "a\tb", "it's", "'", "a\nb", "50 % _"])
async def test_schedules_are_found_by_any_name_that_a_graph_can_have(service: Service, name: str) -> None:
    await _store(service, name, emit("a", 1))
    other = name + "?"
    await _store(service, other, emit("a", 1))
    async with (
        _schedule(service, graph_name=name, cron=NEVER_SOON) as schedule_id,
        _schedule(service, graph_name=other, cron=NEVER_SOON),
    ):

        async def found() -> list[str]:
            answer = await service.http.get("/schedules", params={"graph_name": name})
            assert answer.status_code == 200, answer.text
            return [entry["schedule_id"] for entry in answer.json()["schedules"]]

        assert await until(found, bool) == [schedule_id]


@pytest.mark.parametrize("moment", [0, 1700000000, 1.5, True, "0", "1700000000"])
async def test_a_number_is_no_moment_of_a_backfill(service: Service, moment: Any) -> None:
    for name in TWO_MOMENTS:
        answer = await service.http.post("/schedules/none/backfill", json={**TWO_MOMENTS, name: moment})
        assert answer.status_code == 422, answer.text
        assert answer.json()["faults"][0]["pointer"] == f"/{name}"


async def test_a_taken_id_and_an_unknown_one_are_refused(service: Service) -> None:
    name = _name()
    await _store(service, name, emit("a", 1))
    body: Json = {"graph_name": name, "cron": NEVER_SOON, "schedule_id": name}

    answers = await asyncio.gather(*(service.http.post("/schedules", json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "schedule_exists"}
    await _delete(service, name)

    def problem(answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()["code"]

    for verb in ("pause", "resume", "trigger"):
        assert problem(await service.http.post(f"/schedules/{name}/{verb}")) == (404, "schedule_not_found")
    backfill: Json = dict(BACKFILLS["a week"]["value"] or {})
    answer = await service.http.post(f"/schedules/{name}/backfill", json=backfill)
    assert problem(answer) == (404, "schedule_not_found")
    backwards = {"start_at": backfill["end_at"], "end_at": backfill["start_at"]}
    answer = await service.http.post(f"/schedules/{name}/backfill", json=backwards)
    assert problem(answer) == (422, "request_invalid")
    for cursor in ("rubbish", "é", "A" * 400):
        answer = await service.http.get("/schedules", params={"cursor": cursor})
        assert problem(answer) == (400, "bad_cursor")
