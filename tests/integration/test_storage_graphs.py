import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wand_orchestrator.contract.run_terms import RunTerms
from wand_orchestrator.errors import BadRequest
from wand_orchestrator.graph import Graph
from wand_orchestrator.storage import GraphHead, Store, fingerprint


def document(name: str = "demo", **params: Any) -> dict[str, Any]:
    return {"name": name, "nodes": [{"id": "a", "type": "agent.fetch", "params": params}]}


def graph(name: str = "demo", **params: Any) -> Graph:
    return Graph.model_validate(document(name, **params))


async def all_pages(store: Store, limit: int, name: str | None = None) -> list[GraphHead]:
    items: list[GraphHead] = []
    cursor = None
    while True:
        page = await store.graphs.page(cursor, limit, name)
        assert len(page.items) <= limit
        items += page.items
        if page.next is None:
            return items
        cursor = page.next


async def test_a_stored_graph_comes_back_as_it_was(store: Store) -> None:
    posted = graph(url="https://example.com", text="Zürich \u0000 ✓")
    stored = await store.graphs.add(posted, document(url="https://example.com", text="Zürich \u0000 ✓"))
    assert stored.graph_id.startswith("g_")
    assert (stored.name, stored.version, stored.graph) == ("demo", 1, posted)
    assert stored.created_at.tzinfo is UTC
    assert datetime.now(UTC) - stored.created_at < timedelta(minutes=1)
    assert await store.graphs.get(stored.graph_id) == stored


async def test_without_a_document_the_graph_comes_back_just_as_well(store: Store) -> None:
    edges = [{"from": "a", "to": "b", "map": {"text": "body"}, "when": "ok"}]
    nodes = [{"id": "a", "type": "t", "retries": 0}, {"id": "b", "type": "t", "optional": True}]
    posted = Graph.model_validate({"name": "two", "nodes": nodes, "edges": edges, "sinks": ["b"]})
    stored = await store.graphs.add(posted)
    read = await store.graphs.get(stored.graph_id)
    assert read is not None
    assert read.graph == posted


async def test_what_is_not_stored_is_none(store: Store) -> None:
    assert await store.graphs.get("g_unknown") is None
    assert await store.graphs.latest("unknown") is None
    assert await store.graphs.find_same("unknown", "0" * 64) is None


async def test_the_same_name_again_is_the_next_version(store: Store) -> None:
    versions = [(await store.graphs.add(graph(n=n))).version for n in range(3)]
    assert versions == [1, 2, 3]
    assert (await store.graphs.add(graph("other"))).version == 1
    latest = await store.graphs.latest("demo")
    assert latest is not None
    assert (latest.version, latest.graph) == (3, graph(n=2))


async def test_adding_at_once_gives_every_version_once(store: Store) -> None:
    added = await asyncio.gather(*(store.graphs.add(graph(n=n)) for n in range(50)))
    assert sorted(stored.version for stored in added) == list(range(1, 51))
    assert len({stored.graph_id for stored in added}) == 50


async def test_equal_graphs_found_or_added_at_once_are_one_row(store: Store) -> None:
    found = await asyncio.gather(*(store.graphs.find_or_add(graph(n=1), document(n=1)) for _ in range(100)))
    assert {stored.version for stored in found} == {1}
    assert len({stored.graph_id for stored in found}) == 1
    assert await all_pages(store, 10) == [
        GraphHead(found[0].graph_id, found[0].name, found[0].version, found[0].created_at)
    ]


async def test_a_different_graph_of_the_name_is_another_version_and_each_is_found_again(store: Store) -> None:
    first = await store.graphs.find_or_add(graph(n=1))
    second = await store.graphs.find_or_add(graph(n=2))
    assert (first.version, second.version) == (1, 2)
    assert await store.graphs.find_or_add(graph(n=1)) == first
    assert await store.graphs.find_same("demo", fingerprint(graph(n=2))) == second
    assert await store.graphs.find_same("other", fingerprint(graph(n=2))) is None


def test_a_fingerprint_is_of_what_a_graph_says_and_not_of_how() -> None:
    spelled_out = {
        "nodes": [{"type": "agent.fetch", "id": "a", "params": {"y": 2, "x": 1}, "join": "all"}],
        "name": "d",
    }
    brief = {"name": "d", "nodes": [{"id": "a", "type": "agent.fetch", "params": {"x": 1, "y": 2}}]}
    assert fingerprint(Graph.model_validate(spelled_out)) == fingerprint(Graph.model_validate(brief))
    assert fingerprint(graph(n=1)) != fingerprint(graph(n=2))


async def test_pages_are_newest_first_and_whole_while_graphs_are_added(store: Store) -> None:
    there = [await store.graphs.add(graph(f"g{n % 2}", n=n)) for n in range(7)]
    first = await store.graphs.page(None, 3)
    await store.graphs.add(graph("late"))
    second = await store.graphs.page(first.next, 3)
    third = await store.graphs.page(second.next, 3)
    seen = [head.graph_id for page in (first, second, third) for head in page.items]
    assert seen == [stored.graph_id for stored in reversed(there)]
    assert third.next is None
    assert [head.version for head in await all_pages(store, 2, "g1")] == [3, 2, 1]


@pytest.mark.parametrize("cursor", ["", "x", "é", "bm90IGEgcGxhY2U", "MjAyNi0wMS0wMQ", "=" * 9])
async def test_a_cursor_that_no_page_gave_is_a_bad_request(store: Store, cursor: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await store.graphs.page(cursor, 10)
    assert refused.value.code == "bad_cursor"


async def test_a_graph_as_large_as_allowed_is_stored(store: Store) -> None:
    nodes = [{"id": f"n{i}", "type": "agent.fetch", "params": {"url": "https://example.com"}} for i in range(20_000)]
    edges = [{"from": f"n{i}", "to": f"n{i + 1 + i % 3}", "map": {f"k{i}": "body"}} for i in range(19_990)] * 5
    large = Graph.model_validate({"name": "large", "nodes": nodes, "edges": edges})
    stored = await store.graphs.find_or_add(large)
    assert await store.graphs.get(stored.graph_id) == stored


async def test_names_have_their_newest_version_and_last_run_and_are_searched(store: Store) -> None:
    [old, new] = [await store.graphs.add(graph("Zoo_1", n=n)) for n in range(2)]
    await store.graphs.delete(old.graph_id)
    await store.graphs.add(graph("zoo%2"))
    await store.graphs.add(graph("zoox"))
    for run_id in ("r_1", "r_2"):
        await store.runs.add(run_id, new.graph_id, "Zoo_1", RunTerms())
    first = await store.graph_names.page(None, 2, "zoo")
    assert [(each.newest.name, each.versions) for each in first.items] == [("Zoo_1", 1), ("zoo%2", 1)]
    assert first.items[0].newest.graph_id == new.graph_id
    assert [each.last_run and each.last_run.run_id for each in first.items] == ["r_2", None]
    rest = await store.graph_names.page(first.next, 2, "zoo")
    assert ([each.newest.name for each in rest.items], rest.next) == (["zoox"], None)
    assert [each.newest.name for each in (await store.graph_names.page(None, 9, "O%")).items] == ["zoo%2"]
    with pytest.raises(BadRequest):
        await store.graph_names.page("é", 1)
