import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.ids import new_run_id
from wand_orchestrator.contract.run import (
    Archive,
)
from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.errors import NotFound
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import Run, Store

GRAPH = Graph.model_validate({"name": "demo", "nodes": [{"id": "a", "type": "agent.fetch"}]})


def archive(run_id: str, *, part_of: str | None = None) -> Archive:
    events = tuple(
        Event(seq=seq, ts=datetime.now(UTC), type=type, message="")
        for seq, type in enumerate((EventType.RUN_STARTED, EventType.RUN_SUCCEEDED), 1)
    )
    return Archive(run_id=run_id, graph_id=None, name="demo", part_of=part_of, events=events)


@pytest.fixture
async def run(store: Store) -> Run:
    """One that has ended, with a tag, an idempotency key, and a child run."""
    graph = await store.graphs.add(GRAPH)
    run = await store.runs.add(new_run_id(), graph.graph_id, "demo", RunTerms(tags=("a",)), ("key", "body"))
    await store.archive.append(archive(run.run_id))
    await store.archive.append(archive(f"{run.run_id}.sub", part_of=run.run_id))
    return run


async def test_a_deleted_run_is_gone_with_all_that_belongs_to_it(store: Store, run: Run) -> None:
    await store.deletions.add(run.run_id)

    for run_id in (run.run_id, f"{run.run_id}.sub"):
        assert await store.events.page(run_id, 0, 9) == []
        with pytest.raises(NotFound, match="was deleted"):
            await store.runs.get(run_id)
    assert (await store.runs.page(None, 9)).items == ()
    assert (await store.runs.page(None, 9, tags=["a"])).items == ()
    assert (await store.runs.page(None, 9, part_of=run.run_id)).items == ()
    again = await store.runs.add(new_run_id(), run.graph_id or "", "demo", RunTerms(), ("key", "another body"))
    assert again.run_id != run.run_id
    with pytest.raises(NotFound):
        await store.deletions.add(run.run_id)


async def test_nothing_that_is_archived_late_brings_a_run_back(store: Store, run: Run) -> None:
    await store.deletions.add(run.run_id)

    with pytest.raises(NotFound, match="was deleted"):
        await store.runs.begin(run.run_id, run.graph_id or "", "demo", RunTerms())
    for late in (archive(run.run_id), archive(f"{run.run_id}.other", part_of=run.run_id)):
        with pytest.raises(NotFound, match="was deleted"):
            await store.archive.append(late)
        assert await store.events.page(late.run_id, 0, 9) == []
    assert (await store.runs.page(None, 9, part_of=run.run_id)).items == ()


async def test_archiving_and_deleting_at_once_leave_no_run(store: Store, run: Run) -> None:
    for _ in range(20):
        run_id = new_run_id()
        await store.archive.append(archive(run_id))
        calls = [store.deletions.add(run_id), *(store.archive.append(archive(run_id)) for _ in range(4))]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert results[0] is None
        with pytest.raises(NotFound):
            await store.runs.get(run_id)
        assert run_id not in [head.run_id for head in (await store.runs.page(None, 50)).items]


async def test_what_is_left_to_do_is_remembered_until_it_is_forgotten(store: Store, run: Run) -> None:
    await store.deletions.add(run.run_id)
    child = f"{run.run_id}.sub"
    assert sorted(await store.deletions.to_clean(9)) == [run.run_id, child]

    await store.deletions.cleaned(run.run_id)
    assert await store.deletions.to_clean(9) == [child]
    assert await store.deletions.settled(datetime.now(UTC) - timedelta(hours=1), 9) == []
    assert await store.deletions.settled(datetime.now(UTC) + timedelta(hours=1), 9) == [run.run_id]

    await store.deletions.forget(run.run_id)
    assert await store.runs.get(run.run_id) is None
