"""Who may ask at all, and what a request has to be like: pages of other origins, parameters, methods, media types."""

from collections.abc import AsyncIterator

import httpx
import pytest
from temporalio.client import Client

from tests.integration.graph_cases import emit, graph, sleep
from tests.integration.service import Json, Service, running_service

REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "a name that was bound anew": ("GET", {"Host": "evil.example:8000"}, "host_not_allowed"),
    "an address that is none of loopback": ("GET", {"Host": "10.1.2.3"}, "host_not_allowed"),
    "a name that only begins like one": ("GET", {"Host": "127.0.0.1.evil.example"}, "host_not_allowed"),
    "another page": ("POST", {"Origin": "https://evil.example"}, "origin_not_allowed"),
    "another port of this machine": ("POST", {"Origin": "http://127.0.0.1:1"}, "origin_not_allowed"),
    "a page without an origin": ("POST", {"Origin": "null"}, "origin_not_allowed"),
    "what a page embeds": ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, "origin_not_allowed"),
    "a form of another page": (
        "POST",
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
        "origin_not_allowed",
    ),
}


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


@pytest.mark.parametrize("name", REFUSED)
async def test_without_a_key_a_page_of_another_origin_is_refused(service: Service, name: str) -> None:
    method, headers, code = REFUSED[name]
    run_id = await service.start(graph([sleep("w", 60)]))

    answer = await service.http.request(
        method, f"/runs/{run_id}{'/cancel' if method == 'POST' else ''}", headers=headers
    )

    assert _code(answer) == (403, code)
    assert (await service.get(run_id))["status"] == "running"
    await service.http.post(f"/runs/{run_id}/cancel")


async def test_without_a_key_its_own_pages_and_links_are_let_in(service: Service) -> None:
    port = service.http.base_url.port
    for headers in (
        {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Host": "[::1]:80"},
        {"Host": "wand.localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        assert (await service.http.get("/runs", headers=headers)).status_code == 200, headers


@pytest.fixture(scope="module")
async def with_origins(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """With a key, for pages of one origin."""
    folder = tmp_path_factory.mktemp("origins")
    async with running_service(
        temporal_client, folder, worker=False, api_key="s3cret", cors_origins="https://app.example"
    ) as running:
        yield running


async def test_pages_of_an_origin_that_is_listed_may_call(with_origins: Service) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "X-API-Key,Content-Type,Idempotency-Key"
    async with httpx.AsyncClient(base_url=with_origins.url) as page:
        preflight = await page.options("/runs", headers=asked)
        refused = await page.get("/runs", headers={"Origin": "https://app.example"})

    answer = await with_origins.http.get("/runs", headers={"Origin": "https://app.example"})

    assert preflight.status_code == 200
    assert [each.headers["access-control-allow-origin"] for each in (preflight, refused, answer)] == [
        "https://app.example"
    ] * 3
    assert (refused.status_code, answer.status_code) == (401, 200)


async def test_pages_of_other_origins_may_not_read_answers(with_origins: Service, service: Service) -> None:
    answer = await with_origins.http.get("/runs", headers={"Origin": "https://evil.example"})

    assert "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-origin" not in (await service.http.get("/runs")).headers


@pytest.mark.parametrize("path", ["/runs/r_x/cancel", "/runs/r_x/retry", "/schedules/x/trigger", "/graphs"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_what_a_form_can_send_is_no_body(service: Service, path: str, kind: str) -> None:
    answer = await service.http.post(path, content=b"{}", headers={"Content-Type": kind})

    assert _code(answer) == (415, "unsupported_media_type")


PARAMETERS = {
    "/runs?limits=1": ("limits", "unknown_parameter"),
    "/runs?limit=1&limit=2": ("limit", "repeated_parameter"),
    "/graphs?status=failed": ("status", "unknown_parameter"),
    "/graphs/g_x?x=1": ("x", "unknown_parameter"),
    "/agents?name=a": ("name", "unknown_parameter"),
    "/runs/r_x/logs?after=1&after=2": ("after", "repeated_parameter"),
    "/runs/r_x/artifacts?limit=5": ("limit", "unknown_parameter"),
    "/schedules?tag=a": ("tag", "unknown_parameter"),
}


@pytest.mark.parametrize("path", PARAMETERS)
async def test_a_parameter_that_there_is_not_or_that_stands_twice_is_named(service: Service, path: str) -> None:
    answer = await service.http.get(path)

    assert _code(answer) == (422, "request_invalid")
    faults = answer.json()["faults"]
    assert [(fault["pointer"], fault["code"]) for fault in faults] == [PARAMETERS[path]]


async def test_a_misspelt_parameter_is_told_what_was_probably_meant(service: Service) -> None:
    answer = await service.http.get("/runs?created_befor=2026-01-01T00:00:00Z")

    assert "did you mean `created_before`" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/runs?name=%00",
        "/runs?tag=%00",
        "/runs?cursor=%00",
        "/runs/r_%00",
        "/runs/r_%00/stream",
        "/runs/r_x/nodes/%00",
        "/runs/r_x/artifacts/%00",
        "/graphs/%00",
        "/schedules?graph_name=%00",
        "/schedules/%00",
    ],
)
async def test_text_that_cannot_be_stored_is_refused_in_an_address_too(service: Service, path: str) -> None:
    assert _code(await service.http.get(path)) == (400, "unstorable_text")


@pytest.mark.parametrize("moment", ["0", "1700000000", "1.5", "inf", "P1D"])
async def test_a_number_is_no_moment(service: Service, moment: str) -> None:
    for name in ("created_after", "created_before"):
        assert _code(await service.http.get("/runs", params={name: moment})) == (422, "request_invalid")


@pytest.mark.parametrize("number", ["1e999", "-1e400", '[1, {"a": 1E1000}]'])
async def test_a_number_that_is_too_large_to_keep_is_refused(service: Service, number: str) -> None:
    body = f'{{"graph_id": "g_x", "input": {number}}}'

    answer = await service.http.post("/runs", content=body, headers={"Content-Type": "application/json"})

    assert _code(answer) == (400, "malformed_json")


async def test_head_is_get_without_a_body(service: Service) -> None:
    run_id = await service.start(graph([sleep("w", 60)]))
    for path in ("/health", "/runs", f"/runs/{run_id}", "/agents", "/openapi.json", "/docs", f"/runs/{run_id}/stream"):
        answer = await service.http.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (await service.http.head("/runs/r_none")).status_code == 404
    assert not service.services.relay.followers
    await service.http.post(f"/runs/{run_id}/cancel")


ALLOWED = {
    "/runs": "GET, HEAD, OPTIONS, POST",
    "/runs/r_x": "DELETE, GET, HEAD, OPTIONS",
    "/graphs/validate": "DELETE, GET, HEAD, OPTIONS, POST",
    "/runs/r_x/cancel": "OPTIONS, POST",
    "/graphs/g_x": "DELETE, GET, HEAD, OPTIONS",
    "/schedules/x": "DELETE, GET, HEAD, OPTIONS",
    "/health": "GET, HEAD, OPTIONS",
}


@pytest.mark.parametrize("path", ALLOWED)
async def test_the_methods_of_a_path_are_told(service: Service, path: str) -> None:
    refused = await service.http.put(path)
    asked = await service.http.options(path)

    assert _code(refused) == (405, "method_not_allowed")
    assert asked.status_code == 204
    assert refused.headers["allow"] == asked.headers["allow"] == ALLOWED[path]


async def _statuses(service: Service, tag: str, *statuses: str) -> set[str]:
    answer = await service.http.get("/runs", params={"tag": tag, "status": list(statuses)})
    assert answer.status_code == 200, answer.text
    return {run["status"] for run in answer.json()["runs"]}


async def test_runs_are_found_by_several_statuses_and_by_open(service: Service) -> None:
    tag = "several-statuses"
    assert (await service.run(graph([emit("a", 1)]), tags=[tag]))["status"] == "succeeded"
    waiting = await service.start(graph([sleep("w", 60)]), tags=[tag])
    cancelled = await service.start(graph([sleep("w", 60)]), tags=[tag])
    await service.http.post(f"/runs/{cancelled}/cancel")
    await service.ended(cancelled)

    assert await _statuses(service, tag, "succeeded", "cancelled") == {"succeeded", "cancelled"}
    assert await _statuses(service, tag, "open") <= {"pending", "running"} != set()
    assert await _statuses(service, tag, "open", "cancelled") > {"cancelled"}
    listed: list[Json] = (await service.http.get("/runs", params={"tag": tag, "status": "open"})).json()["runs"]
    assert [run["run_id"] for run in listed] == [waiting]
    await service.http.post(f"/runs/{waiting}/cancel")


@pytest.mark.parametrize("given", ["9" * 4301, "12345678901", "-1", "1.0", "100"])
async def test_a_last_event_id_of_no_event_is_refused(service: Service, given: str) -> None:
    run_id = await service.start(graph([sleep("w", 60)]))

    answer = await service.http.get(f"/runs/{run_id}/stream", headers={"Last-Event-ID": given})

    assert _code(answer) == (400, "bad_event_id")
    await service.http.post(f"/runs/{run_id}/cancel")
    ended = await service.ended(run_id)
    assert ended["status"] == "cancelled"
    again = await service.http.get(f"/runs/{run_id}/stream", headers={"Last-Event-ID": given})
    assert _code(again) == (400, "bad_event_id")
