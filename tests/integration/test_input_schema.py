"""The input of a run against the `input_schema` of its graph, by every way on which a run starts."""

import uuid
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError

from tests.integration.graph_cases import echo, edge, emit, graph
from tests.integration.service import Json, Service
from tests.waiting import until

SCHEMA = {
    "type": "object",
    "properties": {"topic": {"type": "string"}, "size": {"type": "integer", "default": 3}},
    "required": ["topic"],
}
NODES = [echo("a", input={"topic": {"$input": "topic"}, "size": {"$input": "size"}})]
FILLED = {"params": {}, "input": {"topic": "x", "size": 3}}


async def store(service: Service, **rest: Any) -> Json:
    document = graph(NODES) | {"name": f"g-{uuid.uuid4().hex}", "input_schema": SCHEMA, **rest}
    answer = await service.http.post("/graphs", json=document)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_start_is_given_the_defaults(service: Service) -> None:
    stored = await store(service)

    answer = await service.http.post("/runs", json={"graph_id": stored["graph_id"], "input": {"topic": "x"}})
    run = await service.ended(answer.json()["run_id"])

    assert run["result"]["outputs"] == {"a": FILLED}
    shown = await service.http.get(f"/graphs/{stored['graph_id']}")
    assert shown.json()["graph"]["input_schema"] == SCHEMA


@pytest.mark.parametrize("path", ["/runs", "/schedules"])
async def test_an_input_that_does_not_fit_is_refused_with_pointers(service: Service, path: str) -> None:
    stored = await store(service)
    timing = {"every": "1h"} if path == "/schedules" else {}

    answer = await service.http.post(path, json={"graph_id": stored["graph_id"], "input": {"size": "x"}, **timing})

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "invalid_input"
    assert {(fault["pointer"], fault["code"]) for fault in problem["faults"]} == {
        ("", "invalid_input"),
        ("/size", "invalid_input"),
    }


async def test_a_run_of_a_schedule_is_checked_against_the_graph_as_it_is_then(service: Service) -> None:
    stored = await store(service)
    body = {"graph_name": stored["name"], "every": "1h", "input": {"topic": "x"}}
    schedule = (await service.http.post("/schedules", json=body)).json()["schedule_id"]
    try:
        good = (await service.http.post(f"/schedules/{schedule}/trigger")).json()["run_id"]
        assert (await service.ended(good))["result"]["outputs"] == {"a": FILLED}
        await store(service, name=stored["name"], input_schema={**SCHEMA, "required": ["topic", "author"]})

        bad = await service.ended((await service.http.post(f"/schedules/{schedule}/trigger")).json()["run_id"])
    finally:
        await service.http.delete(f"/schedules/{schedule}")

    assert bad["status"] == "failed"
    assert bad["error"]["code"] == "invalid_input"
    assert bad["error"]["details"] == {"faults": [{"pointer": "", "message": "the input needs `author`"}]}
    assert [event["type"] for event in await service.events(bad["run_id"])] == ["run.failed"]


async def start_from_temporal(service: Service, order: Json) -> str:
    id = f"by-hand-{uuid.uuid4().hex}"
    await service.client.start_workflow(
        "GraphRun",
        order,
        id=id,
        task_queue=service.settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )
    return id


@pytest.mark.parametrize("named", [True, False])
async def test_a_start_from_temporal_is_checked_in_the_run(service: Service, named: bool) -> None:
    stored = await store(service)
    order: Json = {"graph_name": stored["name"]} if named else {"graph": graph(NODES) | {"input_schema": SCHEMA}}

    good = await start_from_temporal(service, {**order, "input": {"topic": "x"}})
    bad = await start_from_temporal(service, {**order, "input": {"topic": 1}})

    handle = service.client.get_workflow_handle(good)
    assert (await handle.result())["outputs"] == {"a": FILLED}
    with pytest.raises(WorkflowFailureError) as error:
        await service.client.get_workflow_handle(bad).result()
    assert isinstance(error.value.cause, ApplicationError)
    assert error.value.cause.type == "invalid_input"
    run = await until(lambda: service.get(bad), lambda run: run["status"] == "failed")
    assert run["error"]["code"] == "invalid_input"


async def test_a_retry_is_checked_as_well(service: Service) -> None:
    order = {"graph": graph(NODES) | {"input_schema": SCHEMA, "name": f"g-{uuid.uuid4().hex}"}}
    bad = await start_from_temporal(service, {**order, "input": {}})
    await until(lambda: service.get(bad), lambda run: run["status"] == "failed")

    answer = await service.http.post(f"/runs/{bad}/retry")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_the_input_of_a_child_run_is_what_its_node_gives_and_fits_or_fails_the_node(service: Service) -> None:
    name = (await store(service))["name"]
    child = {"id": "child", "type": "flow.graph", "params": {"graph": name}, "input": {"topic": {"$input": "of.topic"}}}
    bad = {"id": "bad", "type": "flow.graph", "params": {"graph": name}, "optional": True, "input": {"$input": "empty"}}
    each = {"id": "each", "type": "flow.map", "params": {"graph": name, "tolerate": 1}}
    nodes: list[Json] = [child, bad, emit("items", [{"topic": "x"}, {"size": 1}]), each]

    run = await service.run(graph(nodes, [edge("items", "each", items="@")]), {"of": {"topic": "x"}, "empty": {}})

    outputs = run["result"]["outputs"]
    assert outputs["child"] == {"a": FILLED}
    assert outputs["bad"] is None
    assert run["nodes"]["bad"]["error"]["code"] == "invalid_input"
    assert outputs["each"]["outputs"] == [{"a": FILLED}, None]
    assert [error["code"] for error in outputs["each"]["errors"]] == ["invalid_input"]


async def test_a_graph_in_the_request_of_a_run_is_checked_against_stored_graphs_as_well(service: Service) -> None:
    name = (await store(service))["name"]
    bad = {"id": "bad", "type": "flow.graph", "params": {"graph": name}}
    nodes = [bad, echo("then")]

    answer = await service.http.post("/runs", json={"graph": graph(nodes, [edge("bad", "then", x="nosuch")])})

    faults = {(fault["pointer"], fault["code"]) for fault in answer.json()["faults"]}
    assert faults == {("/nodes/0", "missing_input"), ("/edges/0/map/x", "impossible_expression")}


@pytest.mark.parametrize(
    ("node", "edges", "pointer", "code"),
    [
        ({"type": "flow.graph", "input": {"topic": {"$input": "x"}}}, {}, None, None),
        ({"type": "flow.graph"}, {"topic": "@"}, None, None),
        ({"type": "flow.graph", "input": {"$input": "@"}}, {}, None, None),
        ({"type": "flow.graph", "input": {"size": 1}}, {}, "/nodes/1", "missing_input"),
        ({"type": "flow.graph", "input": {"topic": 5}}, {}, "/nodes/1/input/topic", "incompatible_input"),
        ({"type": "flow.graph", "input": {"topic": "x", "tpic": 5}}, {}, "/nodes/1/input/tpic", "unknown_input"),
        ({"type": "flow.graph", "input": {"topic": "x"}}, {"tpic": "@"}, "/edges/0/map/tpic", "unknown_input"),
        ({"type": "flow.map", "params": {"items": [1], "input": {"size": 1}}}, {}, "/nodes/1", "missing_input"),
        ({"type": "flow.map", "params": {"items": [1]}}, {}, None, None),
    ],
)
async def test_what_is_given_to_a_stored_graph_is_checked_when_a_graph_is_posted(
    service: Service, node: Json, edges: dict[str, str], pointer: str | None, code: str | None
) -> None:
    name = (await store(service, input_schema={**SCHEMA, "additionalProperties": False}))["name"]
    child = {"id": "child", **node, "params": {"graph": name, **node.get("params", {})}}
    document = graph([emit("s"), child], [edge("s", "child", **edges)])

    checked = (await service.http.post("/graphs/validate", json=document)).json()
    posted = await service.http.post("/graphs", json=document)

    expected = [] if pointer is None else [(pointer, code)]
    assert [(fault["pointer"], fault["code"]) for fault in checked["faults"]] == expected
    assert posted.status_code == (201 if pointer is None else 422)


async def test_rounds_are_given_the_defaults_and_their_own_references(service: Service) -> None:
    """What `state` and `input` of a repetition give to each round is what the schema of its graph judges."""
    schema = {
        "type": "object",
        "properties": {
            "round": {"type": "integer"},
            "step": {"type": "integer", "default": 2},
            "n": {"type": "integer"},
        },
        "required": ["round", "n"],
        "additionalProperties": False,
    }
    counts = {"id": "n", "type": "agent.transform", "params": {"expression": "add(n, step)"}, "input": {"$input": "@"}}
    name = (await store(service, nodes=[counts], edges=[], input_schema=schema))["name"]
    rounds: Json = {
        "graph": name,
        "state": {"n": 0},
        "input": {"round": {"$expr": "index"}, "n": {"$expr": "item.n"}},
        "until": "n >= `6`",
        "max_times": 9,
    }
    stray: Json = rounds | {"input": {"round": {"$template": "{{ index }}"}, "n": 1}}
    nodes: list[Json] = [{"id": "fits", "type": "flow.repeat", "params": rounds}]
    nodes.append({"id": "stray", "type": "flow.repeat", "params": stray, "optional": True})

    run = await service.run(graph(nodes))

    assert run["result"]["outputs"]["fits"] == {
        "output": {"n": 6},
        "times": 3,
        "satisfied": True,
        "state": {"n": 6},
    }
    error = run["nodes"]["stray"]["error"]
    assert (error["code"], error["details"]["faults"][0]["pointer"]) == ("invalid_input", "/round")
