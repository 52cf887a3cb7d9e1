"""Bad input of every kind gets a problem document that names it: never a 500, and nothing is left half-made."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.client import Client

from tests.integration.graph_cases import echo, edge, emit, graph
from tests.integration.service import Json, Service, running_service
from wand_orchestrator.api.http.examples import FETCH_ANALYZE_CHART, GRAPHS, RUNS, SCHEDULES


def _problem(answer: httpx.Response, status: int, code: str) -> Json:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: Json = answer.json()
    assert document["code"] == code
    assert document["status"] == status
    assert document["type"] == f"urn:wand:problem:{code}"
    assert document["detail"]
    return document


BODIES: dict[str, tuple[bytes, str, int, str, str]] = {
    "no JSON": (b"{", "application/json", 400, "malformed_json", "line 1"),
    "empty": (b"", "application/json", 400, "malformed_json", "empty"),
    "not UTF-8": (b'{"name": "\xff"}', "application/json", 400, "malformed_json", "byte 10"),
    "NaN": (b'{"name": NaN}', "application/json", 400, "malformed_json", "NaN"),
    "a key twice": (b'{"name": "a", "name": "b"}', "application/json", 400, "malformed_json", "'name'"),
    "too deep": (b"[" * 5000 + b"]" * 5000, "application/json", 400, "malformed_json", "deep"),
    "a huge number": (b'{"n": ' + b"9" * 5000 + b"}", "application/json", 400, "malformed_json", "digits"),
    "a NUL": (b'{"name": "a\\u0000"}', "application/json", 400, "unstorable_text", "NUL"),
    "half a surrogate": (b'{"name": "\\ud800"}', "application/json", 400, "unstorable_text", "surrogate"),
    "another media type": (b"name: a", "text/plain", 415, "unsupported_media_type", "application/json"),
    "a list": (b"[]", "application/json", 422, "request_invalid", "dictionary"),
}


@pytest.mark.parametrize("path", ["/graphs", "/graphs/validate", "/runs"])
@pytest.mark.parametrize("body", BODIES)
async def test_a_body_that_cannot_be_read_is_refused(service: Service, path: str, body: str) -> None:
    content, media_type, status, code, part = BODIES[body]

    answer = await service.http.post(path, content=content, headers={"Content-Type": media_type})

    if body == "a list" and path == "/runs":
        part = "valid"
    assert part in _problem(answer, status, code)["detail"]


async def test_a_body_above_the_limit_is_refused_whether_it_says_its_length_or_not(
    temporal_client: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("small")
    async with running_service(temporal_client, folder, worker=False, max_document_bytes=10_000) as small:
        body = json.dumps(graph([emit("a", "x" * 20_000)])).encode()

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 1000):
                yield body[start : start + 1000]

        headers = {"Content-Type": "application/json"}
        for content in (body, pieces()):
            answer = await small.http.post("/graphs", content=content, headers=headers)
            assert "WAND_MAX_DOCUMENT_BYTES" in _problem(answer, 413, "too_large")["detail"]


RUN_REQUESTS: dict[str, tuple[Any, int, str, str]] = {
    "neither": ({}, 422, "request_invalid", "give one of `graph_name`, `graph_id` and `graph`"),
    "both": (
        {"graph_id": "g", "graph": {}},
        422,
        "request_invalid",
        "give one of `graph_name`, `graph_id` and `graph`",
    ),
    "an unknown key": ({"graph_id": "g", "colour": 1}, 422, "request_invalid", "/colour: there is no such key here"),
    "too many tags": (
        {"graph_id": "g", "tags": [f"{number}".rjust(64, "é") for number in range(20)]},
        422,
        "request_invalid",
        "/tags: all tags together may take",
    ),
    "an unknown graph": ({"graph_id": "g_none"}, 404, "graph_not_found", "g_none"),
    "a graph that is none": ({"graph": {"name": "x"}}, 422, "graph_invalid", "fault"),
}


@pytest.mark.parametrize("name", RUN_REQUESTS)
async def test_an_order_that_makes_no_run_is_refused_and_leaves_none(service: Service, name: str) -> None:
    body, status, code, part = RUN_REQUESTS[name]
    before = (await service.http.get("/runs", params={"limit": 1})).json()["runs"]

    answer = await service.http.post("/runs", json=body)

    assert part in _problem(answer, status, code)["detail"]
    assert (await service.http.get("/runs", params={"limit": 1})).json()["runs"] == before


async def test_all_faults_of_a_graph_come_in_one_answer(service: Service) -> None:
    document = graph(
        [emit("a"), emit("a"), {"id": "b", "type": "agent.fetsh"}, echo("c", colour="red")],
        [edge("a", "nobody"), edge("b", "c", x="][")],
        sinks=["nowhere"],
        options={"concurrency": 0},
    )

    answer = await service.http.post("/graphs", json=document)

    faults = _problem(answer, 422, "graph_invalid")["faults"]
    pointers = {fault["pointer"] for fault in faults}
    assert {"/nodes/1/id", "/nodes/3/colour", "/options/concurrency"} <= pointers
    assert all(fault["code"] and fault["message"] for fault in faults)
    checked = await service.http.post("/graphs/validate", json=document)
    assert checked.json() == {"valid": False, "faults": faults, "warnings": []}


async def test_faults_have_lines_in_the_text_that_was_posted_and_yaml_comes_back_as_json(service: Service) -> None:
    text = "# mine\nname: g\nnodes:\n- {id: a, type: agent.fetsh}\n"
    kind = {"Content-Type": "application/yaml"}
    checked = (await service.http.post("/graphs/validate?document=true", content=text, headers=kind)).json()
    assert [(each["pointer"], each["line"], each["column"]) for each in checked["faults"]] == [("/nodes/0/type", 4, 11)]
    assert checked["document"] == {"name": "g", "nodes": [{"id": "a", "type": "agent.fetsh"}]}
    refused = _problem(await service.http.post("/graphs", content=text, headers=kind), 422, "graph_invalid")
    assert refused["faults"] == checked["faults"]
    kind = {"Content-Type": "application/json"}
    broken = await service.http.post("/graphs/validate", content='{"a":\n  ]', headers=kind)
    problem = _problem(broken, 400, "malformed_json")
    assert (problem["line"], problem["column"]) == (2, 3)


QUERIES = {
    "/runs?limit=0": "limit",
    "/runs?limit=501": "limit",
    "/runs?status=odd": "status",
    "/runs?created_after=yesterday": "created_after",
    "/runs?created_before=9999-12-31T23:59:59-23:00": "created_before",
    "/graphs?limit=x": "limit",
    "/runs/r_x/logs?after=-1": "after",
    "/runs/r_x/logs?level=loud": "level",
    "/runs/r_x/stream?after=x": "after",
}


@pytest.mark.parametrize("path", QUERIES)
async def test_a_parameter_that_does_not_fit_is_named(service: Service, path: str) -> None:
    document = _problem(await service.http.get(path), 422, "request_invalid")

    assert [fault["pointer"] for fault in document["faults"]] == [QUERIES[path]]


@pytest.mark.parametrize("path", ["/runs", "/graphs"])
async def test_a_cursor_that_no_page_gave_is_refused(service: Service, path: str) -> None:
    _problem(await service.http.get(path, params={"cursor": "made up"}), 400, "bad_cursor")


async def test_what_is_not_there_or_not_allowed_is_a_problem_too(service: Service) -> None:
    _problem(await service.http.get("/nothing"), 404, "not_found")
    _problem(await service.http.put("/runs"), 405, "method_not_allowed")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "nodes", "edges", "id", "type", "params", "from", "to", "map", "when", "$input"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


async def test_whatever_is_posted_as_a_graph_is_never_a_server_error(service: Service) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=200, deadline=None)
    @given(document=JSON)
    def post(document: Any) -> None:
        headers = {"Content-Type": "application/json"}
        posting = service.http.post("/graphs/validate", content=json.dumps(document), headers=headers)
        answer = asyncio.run_coroutine_threadsafe(posting, loop).result(30)
        assert answer.status_code in (200, 400, 422), answer.text

    await asyncio.to_thread(post)


async def test_the_key_is_asked_for_everywhere_but_on_health_and_docs(
    temporal_client: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("locked")
    async with running_service(temporal_client, folder, worker=False, api_key="s3cret") as locked:
        async with httpx.AsyncClient(base_url=locked.url) as stranger:
            for path in ("/runs", "/graphs", "/agents", "/runs/r_x", "/runs/r_x/stream", "/nothing"):
                _problem(await stranger.get(path), 401, "unauthorized")
                _problem(await stranger.get(path, headers={"X-API-Key": "guess"}), 401, "unauthorized")
            _problem(await stranger.post("/graphs", content=b"{"), 401, "unauthorized")
            for path in ("/health", "/docs", "/docs/assets/swagger-ui.css", "/openapi.json"):
                assert (await stranger.get(path)).status_code == 200
        assert (await locked.http.get("/runs")).status_code == 200


async def test_every_example_of_the_openapi_document_can_be_sent_as_it_stands(service: Service) -> None:
    document = (await service.http.get("/openapi.json")).json()
    sent = 0
    # Graphs first: the other examples name them.
    for path, operations in sorted(document["paths"].items(), key=lambda item: item[0] != "/graphs"):
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                if "{" in path:
                    continue
                answer = await service.http.request(method, path, json=example["value"])
                assert answer.is_success, (path, answer.text)
                sent += 1
                if path == "/schedules":
                    assert (await service.http.delete(answer.headers["location"])).is_success
    assert sent >= len(GRAPHS) * 2 + len(RUNS) + len(SCHEDULES)
    assert FETCH_ANALYZE_CHART in [example["value"] for example in GRAPHS.values()]


async def test_every_operation_is_described(service: Service) -> None:
    document = (await service.http.get("/openapi.json")).json()

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path}"
            assert operation.get("tags"), f"{method} {path}"


def _references(document: Any) -> set[str]:
    if isinstance(document, dict):
        own = {document["$ref"]} if isinstance(document.get("$ref"), str) else set()
        return own.union(*map(_references, document.values()))
    return set().union(*map(_references, document)) if isinstance(document, list) else set()


async def test_the_openapi_document_holds_all_that_it_refers_to_and_every_error_is_a_problem(service: Service) -> None:
    document = (await service.http.get("/openapi.json")).json()
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert _references(document) == schemas
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            expected = {"400", "413", "415", "422"} if "requestBody" in operation else set()
            assert expected <= errors.keys(), f"{method} {path}"
            assert path == "/ready" or all(answer["content"] == problem for answer in errors.values())
