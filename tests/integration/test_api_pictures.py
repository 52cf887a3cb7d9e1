"""Pictures of graphs and runs over HTTP."""

from typing import Any
from xml.etree import ElementTree

import pytest

from tests.integration.service import Service

GRAPH: dict[str, Any] = {
    "name": "drawn",
    "nodes": [
        {"id": "a", "type": "agent.transform", "params": {"expression": "`1`"}},
        {"id": "b", "type": "agent.transform", "params": {"expression": "@"}},
    ],
    "edges": [{"from": "a", "to": "b", "when": "`false`"}],
}


@pytest.mark.parametrize(
    ("asked", "accept", "media_type"),
    [
        ({}, "*/*", "application/json"),
        ({}, "text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ({}, "image/svg+xml", "image/svg+xml"),
        ({}, "application/json;q=0.5, text/vnd.mermaid;q=0.9", "text/vnd.mermaid"),
        ({}, "image/*, */*;q=0.1", "image/svg+xml"),
        ({}, "image/svg+xml;q=x", "application/json"),
        ({}, "image/svg+xml;q=nan, text/vnd.mermaid;q=0.2", "text/vnd.mermaid"),
        ({"format": "svg"}, "application/json", "image/svg+xml"),
        ({"format": "json"}, "image/svg+xml", "application/json"),
    ],
)
async def test_the_caller_chooses_the_form(
    service: Service, asked: dict[str, str], accept: str, media_type: str
) -> None:
    stored = (await service.http.post("/graphs", json=GRAPH)).json()["graph_id"]
    answer = await service.http.get(f"/graphs/{stored}", params=asked, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert "Accept" in answer.headers["vary"]


async def test_a_run_is_drawn_with_the_states_of_its_nodes(service: Service) -> None:
    run = await service.run(GRAPH)
    answer = await service.http.get(f"/runs/{run['run_id']}", params={"format": "svg"})
    classes = [element.get("class") for element in ElementTree.fromstring(answer.text).iter()]
    assert "succeeded" in classes
    assert "skipped" in classes
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    mermaid = await service.http.get(f"/runs/{run['run_id']}", headers={"Accept": "text/vnd.mermaid"})
    assert "n0 -.->" in mermaid.text


async def test_a_document_with_faults_is_drawn_with_its_faults(service: Service) -> None:
    broken = GRAPH | {"edges": [{"from": "a", "to": "nowhere"}], "nodes": [{"id": "a", "type": "agent.none"}]}
    answer = await service.http.post("/graphs/validate", json=broken, params={"format": "svg"})
    faulty = [each for each in ElementTree.fromstring(answer.text).iter() if each.get("class") == "faulty"]
    assert len(faulty) == 2


async def test_another_form_and_an_unknown_run_are_refused(service: Service) -> None:
    assert (await service.http.get("/runs/r_unknown", params={"format": "svg"})).status_code == 404
    refused = await service.http.get("/runs/r_unknown", params={"format": "png"})
    assert refused.status_code == 422
    assert "'mermaid' or 'svg'" in refused.json()["detail"]
