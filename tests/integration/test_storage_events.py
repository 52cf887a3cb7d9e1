"""What the journal hands over, and how it is read again."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from tests.postgres import PostgresServer
from wand_orchestrator.activities.core.archive_events import archive_activity
from wand_orchestrator.contract.codes import DATABASE_UNAVAILABLE
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.ids import RunId, new_run_id
from wand_orchestrator.contract.names import (
    ACTIVITY_ARCHIVE,
)
from wand_orchestrator.contract.run import (
    Archive,
    RunResult,
)
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Run, Store, StoredEvent

START = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
GRAPH = Graph.model_validate({"name": "demo", "nodes": [{"id": "a", "type": "agent.fetch"}]})
RESULT = RunResult(outputs={"a": {"n": 1}}, sinks=("a",))


def an_event(seq: int, type: EventType = EventType.NODE_LOG, **fields: Any) -> Event:
    node = None if type.startswith("run.") else "a"
    return Event(**{"seq": seq, "ts": START + timedelta(seconds=seq), "type": type, "node": node, **fields})


STARTED = an_event(1, EventType.RUN_STARTED)
SUCCEEDED = an_event(4, EventType.RUN_SUCCEEDED, progress=100)
JOURNAL = (
    STARTED,
    an_event(2, EventType.NODE_SCHEDULED, attempt=1),
    an_event(3, EventType.NODE_SUCCEEDED, attempt=1, progress=100),
    SUCCEEDED,
)


def archive_of(run_id: str, events: Sequence[Event], *, graph_id: str | None = None, result: Any = None) -> Archive:
    return Archive(run_id=run_id, graph_id=graph_id, name="demo", events=tuple(events), result=result)


def as_stored(events: Sequence[Event]) -> list[StoredEvent]:
    return [StoredEvent(event.seq, event.type, event.model_dump_json()) for event in events]


async def read(store: Store, run_id: str) -> Run:
    run = await store.runs.get(run_id)
    assert run is not None
    return run


@pytest.fixture
async def run_id(store: Store) -> RunId:
    graph = await store.graphs.add(GRAPH)
    run = await store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms(input={"n": 1}))
    return run.run_id


class TestArchive:
    async def test_events_come_back_as_the_text_that_sse_sends(self, store: Store, run_id: RunId) -> None:
        events = [STARTED, an_event(2, message="Zürich \u0000 \u2028", data={"deep": [1, {"x": None}]})]
        await store.archive.append(archive_of(run_id, events))
        page = await store.events.page(run_id, 0, 10)
        assert page == as_stored(events)
        assert json.loads(page[1].body)["ts"] == "2026-01-31T12:00:02.123Z"
        assert await store.events.last_seq(run_id) == 2

    async def test_the_end_stands_in_the_row(self, store: Store, run_id: RunId) -> None:
        await store.archive.append(archive_of(run_id, JOURNAL, result=RESULT))
        run = await read(store, run_id)
        assert (run.status, run.progress, run.last_seq, run.result) == (RunStatus.SUCCEEDED, 100, 4, RESULT)
        assert (run.started_at, run.finished_at) == (STARTED.ts, SUCCEEDED.ts)
        assert (run.error, run.input) == (None, {"n": 1})

    @pytest.mark.parametrize(
        ("type", "status"),
        [
            (EventType.RUN_FAILED, RunStatus.FAILED),
            (EventType.RUN_CANCELLED, RunStatus.CANCELLED),
            (EventType.RUN_TIMED_OUT, RunStatus.TIMED_OUT),
            (EventType.RUN_TERMINATED, RunStatus.TERMINATED),
        ],
    )
    async def test_another_end_stands_there_with_its_reason(
        self, store: Store, run_id: RunId, type: EventType, status: RunStatus
    ) -> None:
        reason = {"code": "empty_page", "message": "the page is empty", "node": "a", "details": {"url": "x"}}
        await store.archive.append(
            archive_of(run_id, [STARTED, an_event(2, type, progress=40, data={"error": reason})])
        )
        run = await read(store, run_id)
        assert (run.status, run.progress, run.result) == (status, 40, None)
        assert run.error is not None
        assert run.error.model_dump(exclude_none=True) == reason

    async def test_a_journal_in_parts_is_the_same_as_in_one(self, store: Store, run_id: RunId) -> None:
        await store.archive.append(archive_of(run_id, JOURNAL[:2]))
        part = await read(store, run_id)
        assert (part.status, part.last_seq, part.started_at) == (RunStatus.RUNNING, 2, STARTED.ts)
        await store.archive.append(archive_of(run_id, JOURNAL[2:], result=RESULT))
        run = await read(store, run_id)
        assert (run.status, run.last_seq, run.started_at) == (RunStatus.SUCCEEDED, 4, STARTED.ts)
        assert await store.events.page(run_id, 0, 10) == as_stored(JOURNAL)

    async def test_the_same_again_changes_nothing_also_at_once(self, store: Store, run_id: RunId) -> None:
        archives = [archive_of(run_id, JOURNAL, result=RESULT), archive_of(run_id, JOURNAL[1:], result=RESULT)] * 5
        await asyncio.gather(*(store.archive.append(archive) for archive in archives))
        once = await read(store, run_id)
        await store.archive.append(archives[0])
        assert await read(store, run_id) == once
        assert await store.events.page(run_id, 0, 10) == as_stored(JOURNAL)

    async def test_an_ended_run_never_moves_back(self, store: Store, run_id: RunId) -> None:
        await store.archive.append(archive_of(run_id, JOURNAL, result=RESULT))
        ended = await read(store, run_id)
        late = an_event(5, EventType.RUN_TERMINATED)
        await store.archive.append(archive_of(run_id, JOURNAL[:2]))
        await store.archive.append(archive_of(run_id, [late]))
        await store.runs.confirm_started([run_id])
        assert await read(store, run_id) == ended

    async def test_a_pause_and_what_follows_show_in_the_row(self, store: Store, run_id: RunId) -> None:
        paused = [STARTED, an_event(2, EventType.RUN_PAUSED), an_event(3)]
        await store.archive.append(archive_of(run_id, paused))
        assert (await read(store, run_id)).status is RunStatus.PAUSED
        await store.archive.append(archive_of(run_id, [an_event(4), an_event(5)]))
        run = await read(store, run_id)
        assert (run.status, run.last_seq) == (RunStatus.PAUSED, 5)
        await store.archive.append(archive_of(run_id, [an_event(6, EventType.RUN_RESUMED)]))
        assert (await read(store, run_id)).status is RunStatus.RUNNING

    async def test_a_nodes_own_percent_is_not_the_runs(self, store: Store, run_id: RunId) -> None:
        await store.archive.append(archive_of(run_id, [STARTED, an_event(2, EventType.NODE_PROGRESS, progress=90)]))
        assert (await read(store, run_id)).progress == 0

    async def test_a_run_that_was_started_past_the_api_gets_its_row(self, store: Store) -> None:
        graph = await store.graphs.add(GRAPH)
        await store.archive.append(archive_of("mine", JOURNAL, graph_id="g_unknown", result=RESULT))
        await store.archive.append(archive_of("known", JOURNAL, graph_id=graph.graph_id, result=RESULT))
        mine = await read(store, "mine")
        assert (mine.graph_id, mine.name, mine.status) == (None, "demo", RunStatus.SUCCEEDED)
        assert (mine.created_at, mine.input, mine.result) == (STARTED.ts, None, RESULT)
        assert (await read(store, "known")).graph_id == graph.graph_id

    async def test_nothing_to_archive_is_nothing(self, store: Store) -> None:
        await store.archive.append(archive_of("mine", []))
        assert await store.runs.get("mine") is None

    async def test_a_large_journal_is_archived_whole(self, store: Store, run_id: RunId) -> None:
        events = [STARTED, *(an_event(seq, message="x" * 100) for seq in range(2, 5001))]
        await store.archive.append(archive_of(run_id, events))
        assert await store.events.page(run_id, 0, 10_000) == as_stored(events)


class TestPages:
    @pytest.fixture
    async def events(self, store: Store, run_id: RunId) -> list[Event]:
        levels = ("debug", "info", "warning", "error")
        events = [STARTED, *(an_event(seq, level=levels[seq % 4], node=f"n{seq % 3}") for seq in range(2, 50))]
        await store.archive.append(archive_of(run_id, events))
        await store.archive.append(archive_of("another", JOURNAL))
        return events

    async def test_go_on_after_a_seq(self, store: Store, run_id: RunId, events: list[Event]) -> None:
        assert await store.events.page(run_id, 0, 10) == as_stored(events[:10])
        assert await store.events.page(run_id, 10, 10) == as_stored(events[10:20])
        assert await store.events.page(run_id, 45, 10) == as_stored(events[45:])
        assert await store.events.page(run_id, 49, 10) == []
        assert await store.events.page(run_id, 10**30, 10) == []
        assert await store.events.page("r_unknown", 0, 10) == []
        assert await store.events.last_seq("r_unknown") == 0

    async def test_of_one_node(self, store: Store, run_id: RunId, events: list[Event]) -> None:
        expected = [event for event in events if event.node == "n1" and event.seq > 20][:5]
        assert await store.events.page(run_id, 20, 5, node="n1") == as_stored(expected)

    @pytest.mark.parametrize(
        ("level", "shown"),
        [
            ("debug", {"debug", "info", "warning", "error"}),
            ("info", {"info", "warning", "error"}),
            ("warning", {"warning", "error"}),
            ("error", {"error"}),
        ],
    )
    async def test_of_a_level_or_graver(
        self, store: Store, run_id: RunId, events: list[Event], level: Any, shown: set[str]
    ) -> None:
        expected = [event for event in events if event.level in shown]
        assert await store.events.page(run_id, 0, 100, level=level) == as_stored(expected)
        of_node = [event for event in expected if event.node == "n2"]
        assert await store.events.page(run_id, 0, 100, level=level, node="n2") == as_stored(of_node)


class TestArchiver:
    async def test_stores_what_it_is_given(self, store: Store, run_id: RunId) -> None:
        await ActivityEnvironment().run(archive_activity(store), archive_of(run_id, JOURNAL, result=RESULT))
        assert (await read(store, run_id)).status is RunStatus.SUCCEEDED

    def test_has_the_name_that_the_workflow_calls(self) -> None:
        definition = activity._Definition.from_callable(archive_activity(Store.open("unused.db")))
        assert definition is not None
        assert definition.name == ACTIVITY_ARCHIVE

    async def test_fails_so_that_it_is_tried_again_while_the_database_is_away(self, postgres: PostgresServer) -> None:
        store = Store.open(postgres.url("postgres", port=1))
        with pytest.raises(ApplicationError) as failed:
            await ActivityEnvironment().run(archive_activity(store), archive_of("r", JOURNAL))
        assert failed.value.type == DATABASE_UNAVAILABLE
        assert not failed.value.non_retryable
        await store.close()


async def test_a_run_that_is_asked_to_cancel_is_cancelling_until_it_has_ended(store: Store) -> None:
    graph = await store.graphs.add(GRAPH)
    run = await store.runs.add(new_run_id(), graph.graph_id, graph.name, RunTerms())
    await store.archive.append(archive_of(run.run_id, JOURNAL[:1]))
    await store.runs.note_cancelling(run.run_id)
    for event in (an_event(2, EventType.NODE_SCHEDULED), an_event(3, EventType.RUN_PAUSED)):
        await store.archive.append(archive_of(run.run_id, [event]))
        told = await read(store, run.run_id)
        assert (told.status, told.last_seq) == (RunStatus.CANCELLING, event.seq)
    assert [run.run_id] == [head.run_id for head in (await store.runs.page(None, 9, status=told.status)).items]

    await store.archive.append(archive_of(run.run_id, [SUCCEEDED], result=RESULT))  # it was faster
    await store.runs.note_cancelling(run.run_id)
    assert (await read(store, run.run_id)).status is RunStatus.SUCCEEDED


async def test_a_run_that_was_cancelled_right_after_its_start_has_started(store: Store) -> None:
    graph = await store.graphs.add(GRAPH)
    run = await store.runs.add(new_run_id(), graph.graph_id, graph.name, RunTerms())
    await store.runs.note_cancelling(run.run_id)
    await store.runs.confirm_started([run.run_id])
    told = await read(store, run.run_id)
    assert (told.status, told.started_at is None) == (RunStatus.CANCELLING, False)
