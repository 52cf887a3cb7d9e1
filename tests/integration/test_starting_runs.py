"""Ways to start a run: by name, from YAML, and waiting for its end."""

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
import yaml

from tests.integration.graph_cases import echo, edge, emit, fail, graph, sleep
from tests.integration.service import Json, Service
from tests.waiting import until

YAML = {"Content-Type": "application/yaml"}


async def stored(service: Service, document: Json) -> Json:
    answer = await service.http.post("/graphs", json=document)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def posted(service: Service, body: Any, **options: Any) -> httpx.Response:
    return await service.http.post("/runs", json=body, **options)


class TestByName:
    async def test_the_newest_version_runs_or_the_one_that_is_named(self, service: Service) -> None:
        first = await stored(service, graph([emit("a", 1)]) | {"name": "by-name"})
        second = await stored(service, graph([emit("a", 2)]) | {"name": "by-name"})
        for body, graph_id, output in (
            ({"graph_name": "by-name"}, second["graph_id"], 2),
            ({"graph_name": "by-name", "version": 1}, first["graph_id"], 1),
        ):
            run = await service.ended((await posted(service, body)).json()["run_id"])
            assert (run["graph_id"], run["result"]["outputs"]) == (graph_id, {"a": output})

    @pytest.mark.parametrize(
        ("body", "status", "said"),
        [
            ({"graph_name": "nobody-has-it"}, 404, "there is no graph nobody-has-it"),
            ({"graph_name": "nobody-has-it", "version": 7}, 404, "nobody-has-it, version 7"),
            ({"graph_name": "a", "graph_id": "g_1"}, 422, "give one of"),
            ({"graph_id": "g_1", "version": 1}, 422, "`version` belongs to `graph_name`"),
            ({"graph_name": "a", "version": 0}, 422, "/version"),
            ({}, 422, "give one of"),
        ],
    )
    async def test_what_names_no_graph_is_refused(self, service: Service, body: Json, status: int, said: str) -> None:
        answer = await posted(service, body)
        assert answer.status_code == status
        assert said in answer.json()["detail"]

    async def test_the_same_key_gives_the_same_run_although_there_is_a_newer_version(self, service: Service) -> None:
        await stored(service, graph([emit("a", 1)]) | {"name": "keyed"})
        headers = {"Idempotency-Key": "by-name-1"}
        first = (await posted(service, {"graph_name": "keyed"}, headers=headers)).json()["run_id"]
        await stored(service, graph([emit("a", 2)]) | {"name": "keyed"})
        assert (await posted(service, {"graph_name": "keyed"}, headers=headers)).json()["run_id"] == first
        assert (await service.ended(first))["result"]["outputs"] == {"a": 1}


class TestYaml:
    async def test_a_graph_is_stored_and_checked_as_if_it_were_json(self, service: Service) -> None:
        document = graph([emit("a", {"on": "off"}), echo("b")], [edge("a", "b", value="@")]) | {"name": "from-yaml"}
        text = yaml.safe_dump(document).replace("'on': 'off'", "on: off")
        assert "on: off" in text
        checked = await service.http.post("/graphs/validate", content=text, headers=YAML)
        assert checked.json()["valid"], checked.text
        made = await service.http.post("/graphs", content=text, headers=YAML)
        assert made.status_code == 201, made.text
        shown = (await service.http.get(f"/graphs/{made.json()['graph_id']}")).json()["graph"]
        assert shown == document
        run = await service.ended((await posted(service, {"graph_name": "from-yaml"})).json()["run_id"])
        assert run["result"]["outputs"]["b"]["input"] == {"value": {"on": "off"}}

    async def test_faults_of_the_graph_are_those_of_json(self, service: Service) -> None:
        answer = await service.http.post(
            "/graphs", content="name: x\nnodes: [{id: a, type: agent.fetsh}]", headers=YAML
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "graph_invalid")
        assert [fault["pointer"] for fault in answer.json()["faults"]] == ["/nodes/0/type"]

    @pytest.mark.parametrize(
        ("content", "code", "said"),
        [
            (b"name: a\nnodes: []\nname: b", "malformed_yaml", "lines 1 and 3"),
            (b"name: &a x\nnodes: *a", "malformed_yaml", "anchors"),
            (b"name: \xff", "malformed_yaml", "UTF-8"),
            (b'name: "a\\0b"', "unstorable_text", "NUL"),
        ],
    )
    async def test_what_cannot_be_read_is_told_with_its_place(
        self, service: Service, content: bytes, code: str, said: str
    ) -> None:
        for path in ("/graphs", "/graphs/validate"):
            answer = await service.http.post(path, content=content, headers=YAML)
            assert (answer.status_code, answer.json()["code"]) == (400, code)
            assert said in answer.json()["detail"]

    async def test_other_bodies_have_to_be_json(self, service: Service) -> None:
        answer = await service.http.post("/runs", content="graph_name: x", headers=YAML)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        answer = await service.http.post("/graphs", content="name: x", headers={"Content-Type": "text/plain"})
        assert "or application/yaml" in answer.json()["detail"]


class TestWait:
    async def test_the_run_comes_with_its_result_when_it_has_ended(self, service: Service) -> None:
        body = {"graph": graph([emit("a", "done")])}
        answer = await posted(service, body, params={"wait": 30})
        assert answer.status_code == 200
        run = answer.json()
        assert (run["status"], run["result"]["outputs"]) == ("succeeded", {"a": "done"})
        assert run == await service.get(run["run_id"])
        assert answer.headers["Location"] == f"/runs/{run['run_id']}"

    async def test_the_header_asks_for_the_same(self, service: Service) -> None:
        headers = {"Prefer": "respond-async, wait=30"}
        answer = await posted(service, {"graph": graph([emit("a")])}, headers=headers)
        assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=30")
        twice = [("Prefer", "respond-async"), ("Prefer", "wait=30")]
        repeated = await service.http.post("/runs", json={"graph": graph([emit("a")])}, headers=twice)
        assert repeated.headers["Preference-Applied"] == "wait=30"
        plain = await posted(service, {"graph": graph([emit("a")])}, headers={"Prefer": "wait=soon"})
        assert (plain.status_code, "Preference-Applied" in plain.headers) == (201, False)

    async def test_a_run_that_takes_longer_goes_on(self, service: Service) -> None:
        answer = await posted(service, {"graph": graph([sleep("a", 60)])}, params={"wait": 1})
        assert answer.status_code == 202
        run_id = answer.json()["run_id"]
        assert answer.headers["Location"] == f"/runs/{run_id}"
        assert not (await service.get(run_id))["finished_at"]
        await service.http.post(f"/runs/{run_id}/cancel")
        await service.ended(run_id)

    async def test_a_failure_is_an_end_too(self, service: Service) -> None:
        answer = await posted(service, {"graph": graph([fail("a")])}, params={"wait": 30})
        assert (answer.status_code, answer.json()["status"]) == (200, "failed")

    async def test_the_same_key_waits_for_the_same_run_also_after_its_end(self, service: Service) -> None:
        headers = {"Idempotency-Key": "waits-1"}
        body = {"graph": graph([emit("a")])}
        first = await posted(service, body, params={"wait": 30}, headers=headers)
        again = await posted(service, body, params={"wait": 30}, headers=headers)
        assert (again.status_code, again.json()) == (200, first.json())

    @pytest.mark.parametrize("wait", ["61", "-1", "soon"])
    async def test_the_time_is_bounded(self, service: Service, wait: str) -> None:
        answer = await posted(service, {"graph": graph([emit("a")])}, params={"wait": wait})
        assert answer.status_code == 422

    async def test_who_leaves_leaves_nothing_behind(self, service: Service) -> None:
        followed = service.services.relay.followers
        document = graph([sleep("a", 60)]) | {"name": "left-alone"}
        request = asyncio.create_task(posted(service, {"graph": document}, params={"wait": 60}))
        await until(lambda: _followers(service), lambda count: count > followed)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        since = time.monotonic()
        await until(lambda: _followers(service), lambda count: count == followed)
        assert time.monotonic() - since < 20
        [run] = (await service.http.get("/runs", params={"name": "left-alone"})).json()["runs"]
        assert not run["finished_at"]
        await service.http.post(f"/runs/{run['run_id']}/cancel")
        await service.ended(run["run_id"])


async def _followers(service: Service) -> int:
    return service.services.relay.followers


class TestInput:
    async def test_a_run_shows_what_it_was_given(self, service: Service) -> None:
        run = await service.run(graph([emit("a")]), {"city": "Zürich"})
        assert (run["input"], run["input_bytes"]) == ({"city": "Zürich"}, len('{"city":"Zürich"}'.encode()))
        answer = await service.http.get(f"/runs/{run['run_id']}/input")
        assert answer.json() == {"city": "Zürich"}

    async def test_a_large_one_is_read_on_its_own(self, service: Service) -> None:
        run = await service.run(graph([emit("a")]), ["x" * 70_000])
        assert run["input"] is None
        assert run["input_bytes"] == len(json.dumps(["x" * 70_000]))
        assert (await service.http.get(f"/runs/{run['run_id']}/input")).json() == ["x" * 70_000]

    async def test_a_child_run_shows_its_own(self, service: Service) -> None:
        child = await stored(service, graph([emit("x")]) | {"name": "shows-its-input"})
        params = {"graph": child["graph_id"]}
        nodes = [emit("a", 7), {"id": "g", "type": "flow.graph", "params": params}]
        run = await service.run(graph(nodes, [edge("a", "g", n="@")]))
        assert run["status"] == "succeeded", run["error"]
        [part] = (await service.http.get("/runs", params={"part_of": run["run_id"]})).json()["runs"]
        assert (await service.get(part["run_id"]))["input"] == {"n": 7}

    async def test_of_an_unknown_run_there_is_none(self, service: Service) -> None:
        answer = await service.http.get("/runs/r_unknown/input")
        assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")
