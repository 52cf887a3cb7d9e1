"""What the archive makes of model calls and of questions, over all runs, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.ids import RunId, new_run_id
from wand_orchestrator.contract.model_call import Usage
from wand_orchestrator.contract.run import Archive
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.usage_rows import UsageGroup, UsageSelection

START = datetime(2026, 1, 31, 22, 0, tzinfo=UTC)
GRAPH = Graph.model_validate({"name": "demo", "nodes": [{"id": "a", "type": "agent.fetch"}]})


def an_event(seq: int, type: EventType, node: str | None = None, hours: float = 0, **data: Any) -> Event:
    return Event(seq=seq, ts=START + timedelta(hours=hours), type=type, node=node, data=data)


def a_call(seq: int, node: str, model: str, usd: float | None, hours: float = 0) -> Event:
    usage = Usage(requests=1, input_tokens=100, output_tokens=10, cached_tokens=5, usd=usd)
    return an_event(seq, EventType.NODE_SUCCEEDED, node, hours, usage=usage.model_dump(), model=model)


def archive_of(run_id: str, *events: Event, name: str = "demo", part_of: str | None = None) -> Archive:
    return Archive(run_id=run_id, graph_id=None, name=name, part_of=part_of, events=events)


async def a_run(store: Store, *tags: str) -> RunId:
    graph = await store.graphs.add(GRAPH)
    return (await store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms(tags=tags))).run_id


def told(groups: list[UsageGroup]) -> list[tuple[tuple[str, ...], int, int, float | None, int]]:
    return [
        (tuple(group.keys.values()), group.runs, group.usage.requests, group.usage.usd, group.usage.unpriced_requests)
        for group in groups
    ]


STARTED = an_event(1, EventType.RUN_STARTED)


class TestUsage:
    async def test_what_a_run_used_contains_what_its_child_runs_used(self, store: Store) -> None:
        root, other, none = await a_run(store), await a_run(store), await a_run(store)
        child = new_run_id()
        await store.archive.append(archive_of(root, STARTED, a_call(2, "w[0]", "x:dear", 0.5)))
        await store.archive.append(archive_of(child, STARTED, a_call(2, "w[0]", "y:free", None), part_of=root))
        await store.archive.append(archive_of(other, STARTED, a_call(2, "w[0]", "x:cheap", 0.25)))
        used = await store.usage.of_runs([root, other, none])
        assert {run: (usage.requests, usage.usd, usage.unpriced_requests) for run, usage in used.items()} == {
            root: (2, 0.5, 1),
            other: (1, 0.25, 0),
        }

    async def test_calls_are_summed_by_what_is_asked_and_each_counts_once(self, store: Store) -> None:
        one, two = await a_run(store), await a_run(store)
        calls = (
            a_call(2, "w[0]", "x:dear", 0.5),
            a_call(3, "w[1]", "x:cheap", 0.25),
            a_call(4, "w[2]", "y:free", None),
        )
        first = archive_of(one, STARTED, *calls)
        second = archive_of(two, STARTED, a_call(2, "w[0]", "x:dear", 0.125, hours=3))
        for archive in (first, second, first):
            await store.archive.append(archive)

        nothing = UsageSelection()
        assert told(await store.usage.sums((), nothing, 10)) == [((), 2, 4, 0.875, 1)]
        assert told(await store.usage.sums(("model",), nothing, 10)) == [
            (("x:dear",), 2, 2, 0.625, 0),
            (("x:cheap",), 1, 1, 0.25, 0),
            (("y:free",), 1, 1, None, 1),
        ]
        assert told(await store.usage.sums(("graph", "day"), nothing, 10)) == [
            (("demo", "2026-02-01"), 1, 1, 0.125, 0),
            (("demo", "2026-01-31"), 1, 3, 0.75, 1),
        ]
        [dear] = await store.usage.sums((), UsageSelection(after=START, model="x:dear"), 10)
        assert (dear.usage.input_tokens, dear.usage.output_tokens, dear.usage.cached_tokens) == (100, 10, 5)
        assert told(await store.usage.sums(("model",), UsageSelection(graph="other"), 10)) == []
        assert len(await store.usage.sums(("model",), nothing, 1)) == 1

    async def test_a_call_of_a_child_run_counts_where_it_was_made(self, store: Store) -> None:
        run = await a_run(store)
        await store.archive.append(archive_of(run, STARTED, a_call(2, "sub/w[0]", "x:dear", 0.5)))
        child = archive_of(f"{run}.sub", STARTED, a_call(2, "w[0]", "x:dear", 0.5), name="inner", part_of=run)
        await store.archive.append(child)
        assert told(await store.usage.sums(("graph",), UsageSelection(), 10)) == [(("inner",), 1, 1, 0.5, 0)]

    async def test_what_was_spent_stays_known_when_the_run_is_deleted(self, store: Store) -> None:
        run = await a_run(store)
        ended = an_event(3, EventType.RUN_SUCCEEDED)
        await store.archive.append(archive_of(run, STARTED, a_call(2, "w[0]", "x:dear", 0.5), ended))
        await store.deletions.add(run)
        assert told(await store.usage.sums((), UsageSelection(), 10)) == [((), 1, 1, 0.5, 0)]


def asks(seq: int, node: str = "ask", hours: float = 0, **more: Any) -> Event:
    return an_event(seq, EventType.NODE_WAITING, node, hours, prompt="Ship?", schema={"type": "boolean"}, **more)


class TestQuestions:
    async def open(self, store: Store, **wanted: Any) -> list[tuple[str, str]]:
        page = await store.questions.page(None, 50, **wanted)
        return [(question.run_id, question.node) for question in page.items]

    async def test_a_question_is_listed_until_it_is_answered(self, store: Store) -> None:
        run = await a_run(store)
        asked = archive_of(run, STARTED, asks(2, tool="refund"))
        await store.archive.append(asked)
        [question] = (await store.questions.page(None, 50)).items
        assert (question.run_id, question.root, question.node, question.graph) == (run, run, "ask", "demo")
        assert question.data == {"message": "", "prompt": "Ship?", "schema": {"type": "boolean"}, "tool": "refund"}

        await store.archive.append(archive_of(run, an_event(3, EventType.NODE_SUCCEEDED, "ask")))
        await store.archive.append(asked)  # an attempt that comes late
        assert await self.open(store) == []

    async def test_only_what_a_person_answers_is_listed(self, store: Store) -> None:
        run = await a_run(store)
        timer = an_event(2, EventType.NODE_WAITING, "timer", until="2027")
        event = asks(3, "event", event="paid")
        of_child = asks(4, "sub/ask", run_id=f"{run}.sub")
        await store.archive.append(archive_of(run, STARTED, timer, event, of_child, asks(5, "w[0].refund")))
        assert await self.open(store) == [(run, "w[0].refund")]

    @pytest.mark.parametrize("end", [EventType.RUN_CANCELLED, EventType.RUN_TERMINATED, EventType.RUN_FAILED])
    async def test_the_end_of_a_run_ends_its_questions(self, store: Store, end: EventType) -> None:
        run = await a_run(store)
        await store.archive.append(archive_of(run, STARTED, asks(2)))
        await store.archive.append(archive_of(run, an_event(3, end)))
        assert await self.open(store) == []

    async def test_they_are_found_by_run_by_graph_and_by_tag_and_come_in_pages(self, store: Store) -> None:
        red, plain = await a_run(store, "red"), await a_run(store)
        await store.archive.append(archive_of(red, STARTED, asks(2, hours=1)))
        child = archive_of(f"{red}.sub", STARTED, asks(2, hours=2), name="inner", part_of=red)
        await store.archive.append(child)
        await store.archive.append(archive_of(plain, STARTED, asks(2, hours=3)))

        everything = [(plain, "ask"), (f"{red}.sub", "ask"), (red, "ask")]
        assert await self.open(store) == everything
        assert await self.open(store, tags=["red"]) == everything[1:]
        assert await self.open(store, graph="inner") == everything[1:2]
        assert await self.open(store, run_id=red) == everything[1:]
        assert await self.open(store, run_id=f"{red}.sub") == everything[1:2]
        paged, cursor = [], None
        while True:
            page = await store.questions.page(cursor, 1)
            paged += [(question.run_id, question.node) for question in page.items]
            if (cursor := page.next) is None:
                break
        assert paged == everything
