"""Files of runs through HTTP: each node, item and round has its own, under URLs that stay apart."""

from typing import Any

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
