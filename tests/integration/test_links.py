"""Links: one answer to a node of a run, without the API key."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from temporalio.client import Client

from tests.integration.graph_cases import edge, emit, gate, graph
from tests.integration.service import Json, Service, running_service
from tests.waiting import until
from wand_orchestrator.api.links.link_token import new_key, new_token, signed

KEY = "the-key-of-the-api"
SCHEMA = {
    "type": "object",
    "properties": {"send": {"type": "boolean", "title": "Send <it>?"}, "note": {"type": "string"}},
    "required": ["send"],
}
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
FORM = {"send": "true", "note": "a\r\nb & c"}


def approval(id: str = "ask", **params: Any) -> Json:
    return {"id": id, "type": "flow.approval", "params": {"prompt": "Send <it> to Zürich?", "schema": SCHEMA} | params}


def event(id: str = "paid", **params: Any) -> Json:
    return {"id": id, "type": "flow.event", "params": {"name": "payment", **params}}


@pytest.fixture(scope="module")
async def guarded(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service with an API key."""
    async with running_service(temporal_client, tmp_path_factory.mktemp("links"), api_key=SecretStr(KEY)) as service:
        yield service


@pytest.fixture
async def outside() -> AsyncIterator[httpx.AsyncClient]:
    """A caller without the API key."""
    async with httpx.AsyncClient(timeout=30) as http:
        yield http


async def waiting(service: Service, *nodes: Json) -> str:
    """A run of these nodes, the first of which waits."""
    run_id = await service.start(graph(list(nodes)))
    name = nodes[0]["id"]
    await until(lambda: service.get(run_id), lambda run: run["nodes"][name]["status"] == "waiting")
    return run_id


async def link(service: Service, run_id: str, node: str = "ask", **body: Any) -> str:
    answer = await service.http.post(f"/runs/{run_id}/nodes/{node}/link", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.json()["url"])


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestAnApproval:
    async def test_is_shown_and_answered_without_the_key_and_once(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        run_id = await waiting(guarded, approval())
        url = await link(guarded, run_id, by="ada")
        assert url.startswith(f"{guarded.url}/links/")

        shown = await outside.get(url)
        question = shown.json()
        assert datetime.fromisoformat(question.pop("expires_at")) > datetime.now(UTC) + timedelta(days=6)
        assert question == {"node": "ask", "event": None, "prompt": "Send <it> to Zürich?", "schema": SCHEMA}
        assert shown.headers["Cache-Control"] == "no-store"

        answered = await outside.post(url, json={"answer": {"send": True}})
        assert (answered.status_code, answered.json()) == (200, {"node": "ask"})
        run = await guarded.ended(run_id)
        assert run["result"]["outputs"] == {"ask": {"send": True}}
        [log] = [each for each in await guarded.events(run_id, node="ask") if each["type"] == "node.log"]
        assert log["data"] == {"by": "ada", "answer": {"send": True}}
        assert refusal(await outside.get(url)) == (410, "link_used")
        assert refusal(await outside.post(url, json={"answer": {"send": True}})) == (410, "link_used")

    async def test_is_answered_by_one_of_many_callers_of_several_processes(
        self, guarded: Service, outside: httpx.AsyncClient, temporal_client: Client, tmp_path: Path
    ) -> None:
        nodes = [event(count=2), approval("other")]
        run_id = await waiting(guarded, *nodes)
        url = await link(guarded, run_id, "paid")
        shared: Json = {
            "task_queue": guarded.settings.task_queue,
            "database_url": guarded.settings.effective_database_url,
            "api_key": SecretStr(KEY),
        }
        async with running_service(temporal_client, tmp_path, worker=False, **shared) as second:
            urls = [url, url.replace(guarded.url, second.url)] * 5
            answers = await asyncio.gather(*(outside.post(each, json={"answer": 1}) for each in urls))
        assert sorted(answer.status_code for answer in answers) == [200] + [410] * 9
        taken = [each for each in await guarded.events(run_id, node="paid") if each["type"] == "node.log"]
        assert [each["data"]["data"] for each in taken] == [1]

    async def test_that_is_refused_can_be_given_again(self, guarded: Service, outside: httpx.AsyncClient) -> None:
        run_id = await waiting(guarded, approval())
        url = await link(guarded, run_id)
        assert refusal(await outside.post(url, json={"answer": {"send": 1}})) == (422, "answer_invalid")
        assert refusal(await outside.post(url, json={"send": True})) == (422, "request_invalid")
        assert refusal(await outside.post(url, json=None)) == (415, "unsupported_media_type")
        assert refusal(await outside.post(url, content=b"{", headers={"Content-Type": "application/json"})) == (
            400,
            "malformed_json",
        )
        large = {"answer": {"send": True, "note": "x" * 1024**2}}
        assert refusal(await outside.post(url, json=large)) == (413, "too_large")
        assert (await outside.post(url, json={"answer": {"send": False}})).status_code == 200

    async def test_in_a_child_run_is_answered_there(self, guarded: Service, outside: httpx.AsyncClient) -> None:
        stored = {"name": "asks", "nodes": [approval()]}
        assert (await guarded.http.post("/graphs", json=graph([]) | stored)).status_code == 201
        run_id = await guarded.start(graph([{"id": "sub", "type": "flow.graph", "params": {"graph": "asks"}}]))
        await until(lambda: guarded.get(run_id), lambda run: any("answer to ask" in why for why in run["waiting_for"]))
        url = await link(guarded, run_id, "sub/ask")
        assert (await outside.get(url)).json()["node"] == "sub/ask"
        assert (await outside.post(url, json={"answer": {"send": True}})).status_code == 200
        assert (await guarded.ended(run_id))["result"]["outputs"] == {"sub": {"ask": {"send": True}}}


class TestABrowser:
    async def test_is_given_a_form_without_scripts(self, guarded: Service, outside: httpx.AsyncClient) -> None:
        run_id = await waiting(guarded, approval())
        url = await link(guarded, run_id)
        page = await outside.get(url, headers=BROWSER)
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "same-origin"
        assert "Send &lt;it&gt; to Zürich?" in page.text
        assert "<it>" not in page.text
        assert "<script" not in page.text
        assert 'name="answer.send"' in page.text
        wrong = await outside.post(url, data={"answer.note": "x"}, headers=BROWSER)
        assert wrong.status_code == 422
        assert 'role="alert"' in wrong.text
        thanks = await outside.post(url, data={f"answer.{key}": text for key, text in FORM.items()}, headers=BROWSER)
        assert thanks.status_code == 200, thanks.text
        assert "Thank you" in thanks.text
        run = await guarded.ended(run_id)
        assert run["result"]["outputs"] == {"ask": {"send": True, "note": "a\nb & c"}}
        used = await outside.get(url, headers=BROWSER)
        assert used.status_code == 410
        assert "The link has been used" in used.text

    async def test_of_an_api_without_a_key_may_send_the_form(self, service: Service) -> None:
        run_id = await waiting(service, approval(schema={}))
        url = await link(service, run_id)
        headers = BROWSER | {"Origin": service.url, "Sec-Fetch-Site": "same-origin"}
        assert (await service.http.post(url, data={"answer": "fine, thanks"}, headers=headers)).status_code == 200
        assert (await service.ended(run_id))["result"]["outputs"] == {"ask": "fine, thanks"}


class TestALink:
    async def test_that_is_expired_forged_or_cut_answers_nothing(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        run_id = await waiting(guarded, approval())
        url = await link(guarded, run_id, expires_in_sec=1)
        base, _, token = url.rpartition("/")
        for wrong in (
            token[:-1],
            token + "A",
            "x",
            token.partition(".")[0],
            "." + token.partition(".")[2],
            "%FF.é",
            signed(new_token(run_id, "ask", 60, None), new_key()),
        ):
            assert refusal(await outside.get(f"{base}/{wrong}")) == (404, "link_not_found"), wrong
            assert refusal(await outside.post(f"{base}/{wrong}", json={"answer": {"send": True}})) == (
                404,
                "link_not_found",
            )
        late = await until(lambda: outside.get(url), lambda answer: answer.status_code != 200)
        assert refusal(late) == (410, "link_expired")
        assert refusal(await outside.post(url, json={"answer": {"send": True}})) == (410, "link_expired")
        assert (await guarded.get(run_id))["nodes"]["ask"]["status"] == "waiting"

    async def test_is_made_only_for_what_can_be_answered(
        self, guarded: Service, outside: httpx.AsyncClient, tmp_path: Path
    ) -> None:
        nodes = [gate("gate", tmp_path / "open"), approval(), emit("agent")]
        run_id = await guarded.start(graph(nodes, [edge("gate", "ask")]))

        async def made(node: str, **body: Any) -> httpx.Response:
            return await guarded.http.post(f"/runs/{run_id}/nodes/{node}/link", json=body)

        assert refusal(await made("agent")) == (409, "conflict")
        assert refusal(await made("nothing")) == (404, "node_not_found")
        assert refusal(await made("ask", expires_in_sec=0)) == (422, "request_invalid")
        assert refusal(await made("ask", expires="never")) == (422, "request_invalid")
        unasked = await outside.post(f"{guarded.url}/runs/{run_id}/nodes/ask/link")
        assert refusal(unasked) == (401, "unauthorized")

        url = await link(guarded, run_id)
        assert refusal(await outside.post(url, json={"answer": {"send": True}})) == (409, "conflict")
        (tmp_path / "open").touch()
        await until(lambda: outside.get(url), lambda answer: answer.status_code == 200)
        assert (await outside.post(url, json={"answer": {"send": True}})).status_code == 200
        await guarded.ended(run_id)
        assert refusal(await made("ask")) == (409, "run_ended")

    async def test_sends_an_event_that_fits(self, guarded: Service, outside: httpx.AsyncClient) -> None:
        run_id = await waiting(guarded, event(schema={"type": "integer"}))
        url = await link(guarded, run_id, "paid")
        assert (await outside.get(url)).json()["event"] == "payment"
        assert refusal(await outside.post(url, json={"answer": "x"})) == (422, "event_invalid")
        assert (await outside.post(url, json={"answer": 3})).status_code == 200
        assert (await guarded.ended(run_id))["result"]["outputs"] == {"paid": 3}

    async def test_stands_in_no_log_and_no_journal(
        self, guarded: Service, outside: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        caplog.set_level(logging.DEBUG)
        run_id = await waiting(guarded, approval())
        url = await link(guarded, run_id)
        token = url.rpartition("/")[2]
        await outside.get(url)
        await outside.get(f"{url}/more")
        await outside.post(url, json={"answer": {"send": True}})
        await guarded.ended(run_id)
        told = [record.getMessage() for record in caplog.records if record.name.startswith("wand")]
        assert any("/links/…" in line for line in told)
        assert not any(token in line for line in told)
        assert token not in str(await guarded.events(run_id))
        history = await guarded.client.get_workflow_handle(run_id).fetch_history()
        assert token not in history.to_json()

    async def test_begins_with_the_public_url(self, temporal_client: Client, tmp_path: Path) -> None:
        async with running_service(temporal_client, tmp_path, public_url="https://wand.example.com/api/") as service:
            run_id = await waiting(service, approval())
            assert (await link(service, run_id)).startswith("https://wand.example.com/api/links/")
