"""Hooks: messages from elsewhere start runs, verified by a secret of the hook's own."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from temporalio.client import Client

from tests.integration.graph_cases import graph
from tests.integration.service import Json, Service, running_service
from tests.waiting import until
from wand_orchestrator.contract.run_terms import CallerTerms
from wand_orchestrator.contract.webhook_signature import signature, signing_keys
from wand_orchestrator.errors import NotFound
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.hook_rows import Hook, new_hook

KEY = "the-key-of-the-api"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TOKEN = "a-token-of-28-characters-xyz"
NAMED = {"name": "hooked", "nodes": [{"id": "a", "type": "test.echo", "params": {"given": {"$input": "@"}}}]}


@pytest.fixture(scope="module")
async def guarded(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service with an API key, and the graph `hooked`, which gives back its input."""
    folder: Path = tmp_path_factory.mktemp("hooks")
    async with running_service(temporal_client, folder, api_key=SecretStr(KEY)) as service:
        assert (await service.http.post("/graphs", json=graph([]) | NAMED)).status_code == 201
        yield service


@pytest.fixture
async def outside(guarded: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without the API key."""
    async with httpx.AsyncClient(base_url=guarded.url, timeout=30) as http:
        yield http


async def put(service: Service, name: str, **body: Any) -> httpx.Response:
    return await service.http.put(f"/hooks/{name}", json={"graph_name": "hooked", **body})


def signed(body: bytes, id: str = "msg_1", secret: str = SECRET, *, ago: int = 0) -> dict[str, str]:
    moment = int(time.time()) - ago
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(signing_keys(secret), id, moment, body),
    }


async def given(service: Service, answer: httpx.Response) -> Any:
    """What the run that a message started had as its input."""
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/runs/{answer.json()['run_id']}"
    run = await service.ended(answer.json()["run_id"])
    assert run["status"] == "succeeded", run["error"]
    return run["result"]["outputs"]["a"]["params"]["given"]


class TestMessages:
    async def test_the_input_that_a_message_gives_is_checked_with_defaults_filled_in(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        schema = {
            "type": "object",
            "properties": {"topic": {"type": "string"}, "size": {"type": "integer", "default": 3}},
            "required": ["topic"],
        }
        document = NAMED | {"name": "hooked-schema", "input_schema": schema}
        assert (await guarded.http.post("/graphs", json=document)).status_code == 201
        body = {"graph_name": "hooked-schema", "verification": "token", "secret": TOKEN, "map": {"topic": "body.t"}}
        await guarded.http.put("/hooks/schema", json=body)
        headers = {"Authorization": f"Bearer {TOKEN}"}

        fits = await outside.post("/hooks/schema", json={"t": "tea"}, headers=headers)
        misfit = await outside.post("/hooks/schema", json={"t": 5}, headers=headers)

        assert await given(guarded, fits) == {"topic": "tea", "size": 3}
        assert (misfit.status_code, misfit.json()["code"]) == (422, "invalid_input")
        assert [fault["pointer"] for fault in misfit.json()["faults"]] == ["/topic"]

    async def test_a_signed_one_starts_a_run_without_the_api_key(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        map = {"title": "body.repository.name", "event": 'headers."x-event"', "page": "query.page", "none": "body.x"}
        assert (await put(guarded, "signed", secret=SECRET, map=map, input={"fixed": 1}, tags=["h"])).status_code == 201
        body = json.dumps({"repository": {"name": "Zürich"}}).encode()
        headers = signed(body) | {"x-event": "push"}
        answer = await outside.post("/hooks/signed?page=2&page=3", content=body, headers=headers)
        expected = {"title": "Zürich", "event": "push", "page": ["2", "3"], "none": None, "fixed": 1}
        assert await given(guarded, answer) == expected
        assert (await guarded.get(answer.json()["run_id"]))["tags"] == ["h"]

    async def test_one_with_a_token_starts_a_run_with_its_body(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        await put(guarded, "token", verification="token", secret=TOKEN)
        for headers in ({"Authorization": f"Bearer {TOKEN}"}, {"X-Hook-Token": TOKEN}):
            answer = await outside.post("/hooks/token", json={"n": [1]}, headers=headers)
            assert await given(guarded, answer) == {"n": [1]}
        form = await outside.post("/hooks/token", data={"a": "1", "b": ["2", "3"]}, headers={"X-Hook-Token": TOKEN})
        assert await given(guarded, form) == {"a": "1", "b": ["2", "3"]}
        assert await given(guarded, await outside.post("/hooks/token", headers={"X-Hook-Token": TOKEN})) is None

    async def test_no_secret_reaches_the_run(self, guarded: Service, outside: httpx.AsyncClient) -> None:
        await put(guarded, "headers", verification="token", secret=TOKEN, map={"headers": "headers"})
        headers = {"Authorization": f"Bearer {TOKEN}", "Cookie": "c=1", "X-API-Key": "k", "X-Other": "o"}
        answer = await outside.post("/hooks/headers", json={}, headers=headers)
        found = (await given(guarded, answer))["headers"]
        assert found["x-other"] == "o"
        assert not found.keys() & {"authorization", "cookie", "x-api-key"}

    async def test_one_that_comes_again_starts_no_second_run(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        await put(guarded, "again", secret=SECRET)
        body = b'{"n": 1}'
        first = await outside.post("/hooks/again", content=body, headers=signed(body, "msg_again", ago=100))
        again = await outside.post("/hooks/again", content=body, headers=signed(body, "msg_again"))
        assert again.json()["run_id"] == first.json()["run_id"]
        other = await outside.post("/hooks/again", content=b"{}", headers=signed(b"{}", "msg_again"))
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
        await put(guarded, "again-too", secret=SECRET)
        elsewhere = await outside.post("/hooks/again-too", content=body, headers=signed(body, "msg_again"))
        assert elsewhere.json()["run_id"] != first.json()["run_id"]

    async def test_what_is_not_genuine_is_refused_and_told_nothing(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        await put(guarded, "closed", secret=SECRET)
        await put(guarded, "closed-token", verification="token", secret=TOKEN)
        body = b'{"n": 1}'
        good = signed(body)
        other = "whsec_" + base64.b64encode(bytes(32)).decode()
        tries: list[tuple[str, bytes, dict[str, str]]] = [
            ("closed", body, {}),
            ("closed", b'{"n": 2}', good),
            ("closed", body, signed(body, secret=other)),
            ("closed", body, signed(body, ago=301)),
            ("closed", body, signed(body, ago=-301)),
            ("closed", body, good | {"webhook-id": "msg_2"}),
            ("closed", body, good | {"webhook-timestamp": "soon"}),
            ("closed", body, good | {"webhook-timestamp": "9" * 30}),
            ("closed", body, good | {"webhook-signature": "v1,AAAA"}),
            ("closed", body, good | {"webhook-signature": good["webhook-signature"].replace("v1,", "v2,")}),
            ("closed", body, {"authorization": f"Bearer {SECRET}"}),
            ("closed", b"\xff not json", good),
            ("closed-token", body, {}),
            ("closed-token", body, {"x-hook-token": TOKEN[:-1]}),
            ("closed-token", body, good),
            ("there-is-none", body, good),
        ]
        answers = [await outside.post(f"/hooks/{name}", content=sent, headers=said) for name, sent, said in tries]
        assert [answer.status_code for answer in answers] == [401] * len(tries)
        assert len({answer.text for answer in answers}) == 1

    async def test_several_secrets_hold_while_one_is_changed(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        other = "whsec_" + base64.b64encode(bytes(32)).decode()
        await put(guarded, "two", secret=f"{SECRET} {other}")
        for secret in (SECRET, other):
            body = json.dumps(secret[-5:]).encode()
            answer = await outside.post("/hooks/two", content=body, headers=signed(body, f"m{secret[-5:]}", secret))
            assert answer.status_code == 202

    async def test_what_cannot_be_read_is_refused_with_its_reason(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        await put(guarded, "reads", verification="token", secret=TOKEN, map={"n": "sum(body)"})
        said = {"X-Hook-Token": TOKEN, "Content-Type": "application/json"}
        for content, kind, status, code in (
            (b"{", "application/json", 400, "malformed_json"),
            (b'{"a": 1}', "application/json", 422, "hook_map_failed"),
            (b"<a/>", "application/xml", 415, "unsupported_media_type"),
            (b"x" * (1024 * 1024 + 1), "application/json", 413, "too_large"),
        ):
            answer = await outside.post("/hooks/reads", content=content, headers=said | {"Content-Type": kind})
            assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_messages_that_do_not_come_keep_nobody_else_out(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        host, port = guarded.http.base_url.host, guarded.http.base_url.port
        head = f"POST /hooks/none HTTP/1.1\r\nHost: {host}\r\nContent-Length: {1024 * 1024}\r\n\r\n{{"
        connections = [await asyncio.open_connection(host, port) for _ in range(40)]
        try:
            for _, writer in connections:
                writer.write(head.encode())
            answer = await until(
                lambda: outside.post("/hooks/none", content=b" " * 1024 * 1024),
                lambda answer: answer.status_code == 503,
            )
            assert answer.json()["code"] == "busy"
            large = graph([]) | NAMED | {"name": "large", "description": "x" * 2_000_000}
            answer = await guarded.http.post("/graphs/validate", json=large)
            assert answer.status_code == 200, answer.text
        finally:
            for _, writer in connections:
                writer.close()

    async def test_a_map_is_bounded_as_a_whole(self, guarded: Service, outside: httpx.AsyncClient) -> None:
        costly = "body[].n | [].{a: @} | sort_by(@, &a)"
        await put(guarded, "costly", verification="token", secret=TOKEN, map={f"k{n}": costly for n in range(200)})
        body = {"body": [{"n": n} for n in range(9000)]}["body"]
        answer = await outside.post("/hooks/costly", json=body, headers={"X-Hook-Token": TOKEN})
        assert (answer.status_code, answer.json()["code"]) == (422, "hook_map_failed")

    async def test_a_graph_that_is_gone_is_told_to_who_is_verified(
        self, guarded: Service, outside: httpx.AsyncClient
    ) -> None:
        made = (await guarded.http.post("/graphs", json=graph([]) | NAMED | {"name": "goes"})).json()
        await put(guarded, "gone", graph_name="goes", verification="token", secret=TOKEN)
        await guarded.http.delete(f"/graphs/{made['graph_id']}")
        answer = await outside.post("/hooks/gone", json={}, headers={"X-Hook-Token": TOKEN})
        assert (answer.status_code, answer.json()["code"]) == (404, "graph_not_found")


class TestManagement:
    async def test_a_hook_is_made_listed_shown_changed_and_removed(self, guarded: Service) -> None:
        made = await put(guarded, "managed", map={"a": "body.a"}, tags=["x"])
        assert made.status_code == 201
        secret = made.json()["secret"]
        assert signing_keys(secret)
        shown = (await guarded.http.get("/hooks/managed")).json()
        assert {**shown, "secret": secret} == made.json()
        assert (shown["graph_name"], shown["map"], shown["tags"]) == ("hooked", {"a": "body.a"}, ["x"])
        listed = (await guarded.http.get("/hooks")).json()["hooks"]
        assert shown in listed
        changed = await put(guarded, "managed")
        assert (changed.status_code, changed.json()["secret"], changed.json()["map"]) == (200, None, None)
        assert changed.json()["created_at"] == shown["created_at"]
        assert (await guarded.http.delete("/hooks/managed")).status_code == 204
        for call in (guarded.http.get, guarded.http.delete):
            assert (await call("/hooks/managed")).json()["code"] == "hook_not_found"

    async def test_another_verification_makes_another_secret(self, guarded: Service) -> None:
        first = (await put(guarded, "switches")).json()["secret"]
        second = (await put(guarded, "switches", verification="token")).json()["secret"]
        assert first.startswith("whsec_")
        assert len(second) >= 24
        assert not second.startswith("whsec_")

    async def test_a_token_is_stored_as_its_hash_and_a_secret_is_never_shown(self, guarded: Service) -> None:
        await put(guarded, "hashed", verification="token", secret=TOKEN)
        await put(guarded, "given", secret=SECRET)
        stored = await guarded.store.hooks.get("hashed")
        assert stored is not None
        assert TOKEN not in stored.secret
        shown = (await guarded.http.get("/hooks")).text
        assert SECRET not in shown
        assert stored.secret not in shown

    async def test_only_messages_go_without_the_api_key(self, outside: httpx.AsyncClient) -> None:
        for method, path in (("GET", "/hooks"), ("GET", "/hooks/x"), ("PUT", "/hooks/x"), ("DELETE", "/hooks/x")):
            assert (await outside.request(method, path)).status_code == 401
        for path in ("/hooks", "/hooks/a/b", "/hooks/a%2Fb", "/runs"):
            answer = await outside.post(path, json={})
            assert answer.status_code == 401
            assert "API key" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({"map": {"a": "b["}}, "/map/a"),
            ({"secret": "short"}, "whsec_"),
            ({"verification": "token", "secret": "short"}, "24"),
            ({"input": {"a": 1}}, "`input` needs `map`"),
            ({"input": [1], "map": {"a": "body"}}, "has to be an object"),
            ({"input": {"a": 1}, "map": {"a": "body"}}, "both give a"),
            ({"version": 0}, "/version"),
            ({"other": 1}, "/other"),
        ],
    )
    async def test_what_cannot_work_is_refused(self, guarded: Service, body: Json, said: str) -> None:
        answer = await put(guarded, "refused", **body)
        assert answer.status_code == 422
        assert said in answer.json()["detail"]
        assert "short" not in answer.text

    async def test_a_graph_has_to_be_there(self, guarded: Service) -> None:
        answer = await put(guarded, "refused", graph_name="there-is-none")
        assert (answer.status_code, answer.json()["code"]) == (404, "graph_not_found")


class TestStored:
    def hook(self, name: str, secret: str = "s", **terms: Any) -> Hook:
        return new_hook(name, "demo", None, "token", secret, CallerTerms(**terms), {"a": "body"})

    async def test_it_comes_back_as_it_was_and_keeps_its_secret(self, store: Store) -> None:
        hook, is_new = await store.hooks.put(self.hook("a", input={"x": 1}, tags=("t",)), keep_secret=True)
        assert is_new
        assert await store.hooks.get("a") == hook
        changed, is_new = await store.hooks.put(self.hook("a", "another"), keep_secret=True)
        assert (is_new, changed.secret, changed.created_at) == (False, "s", hook.created_at)
        changed, _ = await store.hooks.put(self.hook("a", "another"), keep_secret=False)
        assert (changed.secret, changed.terms) == ("another", CallerTerms())

    async def test_pages_are_newest_first(self, store: Store) -> None:
        for name in ("a", "b", "c"):
            await store.hooks.put(self.hook(name), keep_secret=False)
        first = await store.hooks.page(None, 2)
        second = await store.hooks.page(first.next, 2)
        assert [hook.name for hook in (*first.items, *second.items)] == ["c", "b", "a"]
        assert second.next is None

    async def test_what_is_removed_is_gone(self, store: Store) -> None:
        await store.hooks.put(self.hook("a"), keep_secret=False)
        await store.hooks.delete("a")
        assert await store.hooks.get("a") is None
        with pytest.raises(NotFound):
            await store.hooks.delete("a")
