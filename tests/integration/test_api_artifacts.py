"""Files of runs through HTTP: each node, item and round has its own, under URLs that stay apart."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.graph_cases import edge, graph
from tests.integration.service import Service


def keep(id: str) -> dict[str, Any]:
    return {"id": id, "type": "test.keep"}


def control(id: str, kind: str, agent: str, **params: Any) -> dict[str, Any]:
    return {"id": id, "type": f"flow.{kind}", "params": {"agent": agent, **params}}


async def listed(service: Service, run_id: str) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = (await service.http.get(f"/runs/{run_id}/artifacts")).json()["artifacts"]
    return files


async def test_nodes_items_and_rounds_that_keep_one_name_keep_all_their_files(service: Service) -> None:
    items = {"id": "items", "type": "agent.transform", "params": {"expression": "`[{}, {}]`"}}
    nodes = [
        keep("a"),
        keep("b.c"),
        items,
        control("m", "map", "test.keep"),
        control("r", "repeat", "test.keep", max_times=2, until="`false`"),
    ]
    run = await service.run(graph(nodes, [edge("items", "m", items="@")]))

    assert run["status"] == "succeeded", run["error"]
    files = await listed(service, run["run_id"])
    assert {file["node"] for file in files} == {"a", "b.c", "m[0]", "m[1]", "r[0]", "r[1]"}
    for file in files:
        answer = await service.http.get(file["url"])
        assert (answer.status_code, answer.text) == (200, file["node"])
        assert "filename*=UTF-8''report.txt" in answer.headers["content-disposition"]
    assert run["result"]["outputs"]["a"]["url"] == f"/runs/{run['run_id']}/artifacts/a/report.txt"
    plain = await service.http.get(f"/runs/{run['run_id']}/artifacts/report.txt")
    assert (plain.status_code, plain.json()["code"]) == (409, "ambiguous_artifact")
    assert "a, b.c" in plain.json()["detail"]


async def test_a_chart_is_drawn_in_a_map_and_in_a_repeat(service: Service) -> None:
    series = {"id": "series", "type": "agent.transform", "params": {"expression": '`[{"series": [1, 2]}]`'}}
    nodes = [
        series,
        control("m", "map", "agent.chart"),
        control("r", "repeat", "agent.chart", max_times=1, until="`true`"),
    ]
    edges = [edge("series", "m", items="@"), edge("series", "r", series="[0].series")]
    run = await service.run(graph(nodes, edges))

    assert run["status"] == "succeeded", run["error"]
    files = await listed(service, run["run_id"])
    assert [(file["node"], file["name"]) for file in files] == [("m[0]", "m-0.svg"), ("r[0]", "r-0.svg")]
    for file in files:
        assert (await service.http.get(file["url"])).text.startswith("<svg")
        assert (await service.http.get(f"/runs/{run['run_id']}/artifacts/{file['name']}")).status_code == 200


async def test_files_of_child_runs_are_listed_with_the_run(service: Service) -> None:
    for name, node in (
        ("keeps", keep("k")),
        ("nests", {"id": "in", "type": "flow.graph", "params": {"graph": "keeps"}}),
    ):
        answer = await service.http.post("/graphs", json=graph([node]) | {"name": name})
        assert answer.status_code == 201, answer.text
    nested = {"id": "sub", "type": "flow.graph", "params": {"graph": "nests"}}
    run = await service.run(graph([keep("a"), nested]))
    run_id = run["run_id"]

    assert run["status"] == "succeeded", run["error"]
    files = await listed(service, run_id)
    assert [(file["run_id"], file["node"]) for file in files] == [(run_id, "a"), (f"{run_id}.sub.in", "k")]
    for file in files:
        assert (await service.http.get(file["url"])).text == file["node"]
    assert await listed(service, f"{run_id}.sub") == files[1:]


async def test_files_of_many_child_runs_come_in_pages(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wand_orchestrator.api.runs.run_files.CHILDREN", 2)
    answer = await service.http.post("/graphs", json=graph([keep("k")]) | {"name": "kept-in-pages"})
    assert answer.status_code == 201, answer.text
    items = {"id": "items", "type": "agent.transform", "params": {"expression": "`[{}, {}, {}]`"}}
    each = {"id": "m", "type": "flow.map", "params": {"graph": "kept-in-pages"}}
    run = await service.run(graph([items, each], [edge("items", "m", items="@")]))

    found, cursor = [], None
    while True:
        params: dict[str, str] = {} if cursor is None else {"cursor": cursor}
        page = (await service.http.get(f"/runs/{run['run_id']}/artifacts", params=params)).json()
        found += [file["run_id"] for file in page["artifacts"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(found) == [f"{run['run_id']}.m[{index}]" for index in range(3)]


async def stored(service: Service, name: str, nodes: list[dict[str, Any]], *edges: dict[str, Any]) -> str:
    answer = await service.http.post("/graphs", json=graph(nodes, list(edges)) | {"name": name})
    assert answer.status_code == 201, answer.text
    return name


def given(id: str, value: Any) -> dict[str, Any]:
    return {"id": id, "type": "test.emit", "params": {"value": value}}


@pytest.mark.parametrize("reader", ["test.read", "test.read_sync"])
async def test_an_agent_reads_the_file_of_a_node_before_it(service: Service, reader: str) -> None:
    nodes = [keep("a"), {"id": "b", "type": reader}]

    run = await service.run(graph(nodes, [edge("a", "b", reference="url")]))

    assert run["result"]["outputs"] == {"b": ["a", "a"] if reader == "test.read" else "a"}


async def test_a_file_goes_from_one_child_run_to_the_next_and_to_their_parent(service: Service) -> None:
    keeps = await stored(service, "keeps", [keep("k")])
    reader = {"id": "r", "type": "test.read_sync"}
    reads = await stored(service, "reads", [given("u", {"$input": "url"}), reader], edge("u", "r", reference="@"))
    nodes: list[dict[str, Any]] = [
        {"id": "first", "type": "flow.graph", "params": {"graph": keeps}},
        {"id": "next", "type": "flow.graph", "params": {"graph": reads}},
        {"id": "own", "type": "test.read_sync"},
    ]

    run = await service.run(graph(nodes, [edge("first", "next", url="k.url"), edge("first", "own", reference="k.url")]))

    assert run["result"]["outputs"] == {"next": {"r": "k"}, "own": "k"}


async def test_a_file_of_another_run_is_refused(service: Service) -> None:
    other = await service.run(graph([keep("a")]))
    url = other["result"]["outputs"]["a"]["url"]
    nodes = [given("u", url), {"id": "b", "type": "test.read_sync"}]

    run = await service.run(graph(nodes, [edge("u", "b", reference="@")]))

    assert (run["status"], run["error"]["code"]) == ("failed", "artifact_refused")


async def test_a_retry_reads_the_files_that_its_kept_outputs_name(service: Service, tmp_path: Path) -> None:
    gated = {"id": "b", "type": "test.gated", "params": {"open": str(tmp_path / "open")}}
    nodes = [keep("a"), gated, {"id": "c", "type": "test.read_sync"}]
    edges = [edge("a", "b", reference="url"), edge("b", "c", reference="reference")]
    failed = await service.run(graph(nodes, edges))
    again = (await service.http.post(f"/runs/{failed['run_id']}/retry")).json()["run_id"]
    assert (await service.ended(again))["status"] == "failed"
    (tmp_path / "open").touch()

    retried = (await service.http.post(f"/runs/{again}/retry")).json()["run_id"]

    assert (await service.ended(retried))["result"]["outputs"] == {"c": "a"}
