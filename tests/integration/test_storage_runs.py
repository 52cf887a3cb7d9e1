import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from wand_orchestrator.contract.ids import RunId, new_run_id
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.errors import BadRequest, Conflict
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Run, RunHead, Store, StoredGraph

GRAPH = Graph.model_validate({"name": "demo", "nodes": [{"id": "a", "type": "agent.fetch"}]})


@pytest.fixture
async def graph(store: Store) -> StoredGraph:
    return await store.graphs.add(GRAPH)


async def add(store: Store, graph: StoredGraph, *, key: str | None = None, body: str = "body") -> Run:
    idempotency = None if key is None else (key, body)
    return await store.runs.add(new_run_id(), graph.graph_id, graph.name, RunTerms(input={"n": 1}), idempotency)


def ids(items: tuple[RunHead, ...]) -> list[RunId]:
    return [item.run_id for item in items]


async def test_a_new_run_is_pending_and_comes_back_as_it_was(store: Store, graph: StoredGraph) -> None:
    run_id = new_run_id()
    run = await store.runs.add(
        run_id, graph.graph_id, "demo", RunTerms(input={"text": "Zürich \u0000", "deep": [1, 2.5, None]})
    )
    assert (run.run_id, run.graph_id, run.name) == (run_id, graph.graph_id, "demo")
    assert run.input == {"text": "Zürich \u0000", "deep": [1, 2.5, None]}
    assert (run.status, run.progress, run.last_seq) == (RunStatus.PENDING, 0, 0)
    assert (run.started_at, run.finished_at, run.result, run.error) == (None, None, None, None)
    assert run.created_at.tzinfo is UTC
    assert await store.runs.get(run_id) == run
    assert await store.runs.get("r_unknown") is None


async def test_triggers_at_once_take_different_ids_that_no_run_has(store: Store, graph: StoredGraph) -> None:
    run = await add(store, graph)
    free = [run.run_id, "r_a", "r_b", "r_c"]
    taken = await asyncio.gather(*(store.triggers.reserve(free) for _ in range(4)))
    assert {*taken} == {"r_a", "r_b", "r_c", None}


async def test_a_run_that_waits_to_be_started_keeps_its_webhook(store: Store, graph: StoredGraph) -> None:
    webhook = Webhook.model_validate({"url": "https://example.com/hook", "events": ["run.paused"]})
    run = await store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms(webhook=webhook))
    [pending] = await store.runs.pending(0, 10)
    stored = await store.runs.get(pending)
    assert stored is not None
    assert (run.terms.webhook, stored.terms.webhook) == (webhook, webhook)


class TestIdempotency:
    async def test_the_same_key_and_body_give_the_same_run(self, store: Store, graph: StoredGraph) -> None:
        run = await add(store, graph, key="k")
        assert await add(store, graph, key="k") == run
        assert (await add(store, graph, key="another")).run_id != run.run_id
        assert (await add(store, graph)).run_id != run.run_id

    async def test_a_hundred_equal_calls_at_once_make_one_run(self, store: Store, graph: StoredGraph) -> None:
        runs = await asyncio.gather(*(add(store, graph, key="k") for _ in range(100)))
        assert len({run.run_id for run in runs}) == 1
        assert ids((await store.runs.page(None, 10)).items) == [runs[0].run_id]

    async def test_another_body_is_a_conflict_and_makes_nothing(self, store: Store, graph: StoredGraph) -> None:
        run = await add(store, graph, key="k", body="one")
        with pytest.raises(Conflict) as refused:
            await add(store, graph, key="k", body="two")
        assert refused.value.code == "idempotency_key_reused"
        assert ids((await store.runs.page(None, 10)).items) == [run.run_id]

    async def test_a_key_that_is_too_long_is_a_bad_request(self, store: Store, graph: StoredGraph) -> None:
        with pytest.raises(BadRequest, match="255"):
            await add(store, graph, key="k" * 256)


class TestOutbox:
    async def test_pending_runs_come_oldest_first(self, store: Store, graph: StoredGraph) -> None:
        runs = [await add(store, graph) for _ in range(3)]
        assert await store.runs.pending(0, 10) == [run.run_id for run in runs]
        assert len(await store.runs.pending(0, 2)) == 2

    async def test_young_runs_are_left_to_whoever_is_starting_them(self, store: Store, graph: StoredGraph) -> None:
        await add(store, graph)
        assert await store.runs.pending(60, 10) == []

    async def test_confirmed_runs_are_running_and_wait_no_longer(self, store: Store, graph: StoredGraph) -> None:
        first, second = await add(store, graph), await add(store, graph)
        await store.runs.confirm_started([first.run_id])
        confirmed = await store.runs.get(first.run_id)
        assert confirmed is not None
        assert confirmed.status is RunStatus.RUNNING
        assert confirmed.started_at is not None
        assert confirmed.started_at >= confirmed.created_at
        assert await store.runs.pending(0, 10) == [second.run_id]

    async def test_confirming_again_or_nothing_or_the_unknown_changes_nothing(
        self, store: Store, graph: StoredGraph
    ) -> None:
        run = await add(store, graph)
        await store.runs.confirm_started([run.run_id])
        confirmed = await store.runs.get(run.run_id)
        await store.runs.confirm_started([run.run_id, "r_unknown"])
        await store.runs.confirm_started([])
        assert await store.runs.get(run.run_id) == confirmed

    async def test_a_thousand_are_confirmed_in_one_call(self, store: Store, graph: StoredGraph) -> None:
        runs = await asyncio.gather(*(add(store, graph) for _ in range(1001)))
        await store.runs.confirm_started(run.run_id for run in runs)
        assert await store.runs.pending(0, 2000) == []


class TestPages:
    async def test_newest_first_without_a_repeat_or_a_gap_while_runs_are_added(
        self, store: Store, graph: StoredGraph
    ) -> None:
        there = [await add(store, graph) for _ in range(10)]
        seen: list[RunId] = []
        cursor = None
        while True:
            page = await store.runs.page(cursor, 3)
            seen += ids(page.items)
            await asyncio.gather(*(add(store, graph) for _ in range(3)))
            if (cursor := page.next) is None:
                break
        assert seen == [run.run_id for run in reversed(there)]

    async def test_a_last_page_that_is_just_full_has_no_next(self, store: Store, graph: StoredGraph) -> None:
        for _ in range(2):
            await add(store, graph)
        assert (await store.runs.page(None, 2)).next is None
        assert (await store.runs.page(None, 1)).next is not None

    async def test_of_one_graph_one_name_or_one_status(self, store: Store, graph: StoredGraph) -> None:
        other = await store.graphs.add(GRAPH.model_copy(update={"name": "other"}))
        mine, its = await add(store, graph), await add(store, other)
        await store.runs.confirm_started([its.run_id])
        assert ids((await store.runs.page(None, 9, graph_id=graph.graph_id)).items) == [mine.run_id]
        assert ids((await store.runs.page(None, 9, name="other")).items) == [its.run_id]
        assert ids((await store.runs.page(None, 9, status=RunStatus.RUNNING)).items) == [its.run_id]
        assert ids((await store.runs.page(None, 9, status=RunStatus.PENDING)).items) == [mine.run_id]
        assert (await store.runs.page(None, 9, name="other", status=RunStatus.PENDING)).items == ()

    async def test_of_all_the_tags_that_are_asked_for(self, store: Store, graph: StoredGraph) -> None:
        both, one, none = [
            await store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms(tags=tags))
            for tags in (("a", "b"), ("a",), ())
        ]
        await store.runs.confirm_started([one.run_id])
        assert [run.terms.tags for run in (await store.runs.page(None, 9)).items] == [(), ("a",), ("a", "b")]
        assert ids((await store.runs.page(None, 9, tags=["a"])).items) == [one.run_id, both.run_id]
        assert ids((await store.runs.page(None, 9, tags=["b", "a"])).items) == [both.run_id]
        assert ids((await store.runs.page(None, 9, tags=["a"], status=RunStatus.RUNNING)).items) == [one.run_id]
        assert (await store.runs.page(None, 9, tags=["a", "c"])).items == ()
        first = await store.runs.page(None, 1, tags=["a"])
        assert ids((await store.runs.page(first.next, 1, tags=["a"])).items) == [both.run_id]
        assert await store.runs.get(none.run_id) == none
        assert await store.runs.get(both.run_id) == both

    async def test_of_a_stretch_of_time_in_any_time_zone(self, store: Store, graph: StoredGraph) -> None:
        runs = [await add(store, graph) for _ in range(3)]
        first, middle, last = (run.created_at for run in runs)
        page = await store.runs.page(None, 9, created_after=first, created_before=last)
        assert ids(page.items) == [runs[1].run_id]
        elsewhere = middle.astimezone().astimezone(tz=None)
        assert ids((await store.runs.page(None, 9, created_after=elsewhere)).items) == [runs[2].run_id]
        assert (await store.runs.page(None, 9, created_after=datetime.now(UTC) + timedelta(hours=1))).items == ()
