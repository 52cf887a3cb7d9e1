"""Targets of control nodes that a run chooses, and rounds with a state."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.graph_cases import echo, edge, emit, gate, graph
from tests.integration.service import Json, Service
from tests.waiting import until


def control(id: str, type: str, /, **params: Any) -> Json:
    return {"id": id, "type": type, "params": params}


async def store(service: Service, name: str, nodes: list[Json], edges: list[Json] | None = None) -> None:
    answer = await service.http.post("/graphs", json=graph(nodes, edges) | {"name": name})
    assert answer.status_code == 201, answer.text


# A name that a reference gives, out of a list


async def test_a_run_chooses_its_graph_out_of_those_that_its_graph_lists(service: Service) -> None:
    for name in ("billing", "refund"):
        await store(service, name, [emit("a", name)])
    sub = control("sub", "flow.graph", graph={"$expr": "route"}, graphs=["billing", "refund"])
    nodes = [emit("route", "refund"), sub]

    run = await service.run(graph(nodes, [edge("route", "sub", route="@")]))

    assert run["result"]["outputs"] == {"sub": {"a": "refund"}}


async def test_a_graph_that_the_list_does_not_have_fails_the_node_with_the_list(service: Service) -> None:
    for name in ("billing", "refund"):
        await store(service, name, [emit("a", name)])
    sub = control("sub", "flow.graph", graph={"$input": "route"}, graphs=["billing", "refund"])

    run = await service.run(graph([sub]), input={"route": "other"})

    assert run["error"]["code"] == "unlisted_graph"
    assert run["error"]["message"] == "`graph` is 'other', and must be one of `graphs`: billing, refund"


async def test_every_graph_of_the_list_is_looked_for_when_the_graph_is_posted(service: Service) -> None:
    sub = control("sub", "flow.graph", graph={"$input": "route"}, graphs=["no such", "none such"])
    answer = await service.http.post("/graphs", json=graph([sub]))
    faults = [(fault["pointer"], fault["code"]) for fault in answer.json()["faults"]]
    assert faults == [(f"/nodes/0/params/graphs/{index}", "unknown_graph") for index in (0, 1)]


@pytest.mark.parametrize(("agent", "code"), [("test.echo", None), ("test.emit", None), ("test.fail", "unlisted_agent")])
async def test_the_agent_of_a_map_is_one_of_a_list(service: Service, agent: str, code: str | None) -> None:
    params = {"agent": {"$input": "agent"}, "agents": ["test.echo", "test.emit"], "params": {"value": 7}}
    nodes = [emit("items", [1]), control("each", "flow.map", **params)]

    run = await service.run(graph(nodes, [edge("items", "each", items="@")]), input={"agent": agent})

    assert (run["error"] and run["error"]["code"]) == code
    if code is None:
        [output] = run["result"]["outputs"]["each"]["outputs"]
        assert (output if agent == "test.emit" else output["input"]) == (7 if agent == "test.emit" else {"item": 1})


@pytest.mark.parametrize("agent", ["test.narrow", "test.echo"])
async def test_the_chosen_agent_is_handed_what_it_takes_and_no_key_that_only_references_use(
    service: Service, agent: str
) -> None:
    params = {"agent": {"$expr": "which"}, "agents": ["test.narrow", "test.echo"], "until": "@", "max_times": 1}
    loop = control("loop", "flow.repeat", **params) | {"input": {"x": 1, "which": {"$input": "which"}}}

    run = await service.run(graph([loop]), input={"which": agent})

    assert run["status"] == "succeeded", run["error"]
    given = run["result"]["outputs"]["loop"]["output"]["input"]
    assert given == ({"x": 1} if agent == "test.narrow" else {"x": 1, "which": agent})


# flow.repeat with a state


async def test_what_a_round_gives_is_merged_into_the_state_that_the_next_one_and_until_see(service: Service) -> None:
    params = {"agent": "agent.transform", "params": {"expression": "{n: sum([n, `1`]), seen: topic}"}}
    repeat = control(
        "loop", "flow.repeat", **params, state={"n": {"$input": "start"}, "kept": True}, until="n >= `4`", max_times=9
    )
    nodes = [emit("topic", "tea"), repeat]

    run = await service.run(graph(nodes, [edge("topic", "loop", topic="@")]), input={"start": 1})

    assert run["status"] == "succeeded", run["error"]
    assert run["result"]["outputs"]["loop"] == {
        "output": {"n": 4, "seen": "tea"},
        "times": 3,
        "satisfied": True,
        "state": {"topic": "tea", "n": 4, "kept": True, "seen": "tea"},
    }


async def test_a_round_with_a_state_that_gives_no_object_fails_the_node(service: Service) -> None:
    params = {"agent": "test.emit", "params": {"value": 3}}
    run = await service.run(graph([control("loop", "flow.repeat", **params, state={}, until="a", max_times=2)]))
    assert run["error"]["code"] == "invalid_output"
    assert run["error"]["message"].startswith("the output of round 0 is no object: ")


async def test_a_state_goes_through_rounds_that_are_child_runs(service: Service) -> None:
    step = control("step", "agent.transform", expression="sum([n, `1`])")
    step["input"] = {"n": {"$input": "n"}}
    await store(service, "counts", [step])
    repeat = control("loop", "flow.repeat", graph="counts", state={"n": 5}, until="step == `6`", max_times=2)

    run = await service.run(graph([repeat]))

    assert run["result"]["outputs"]["loop"]["state"] == {"n": 5, "step": 6}


# flow.graph without waiting


async def started_apart(service: Service, tmp_path: Path) -> tuple[str, str]:
    """A run that has started one apart, and waits; and the one that it has started, which waits at a gate."""
    await store(service, "apart", [gate("gate", tmp_path / "open"), emit_input("who")], [edge("gate", "who")])
    sub = control("sub", "flow.graph", graph="apart", wait=False) | {"input": {"who": "Ada"}}
    run_id = await service.start(graph([sub, control("ask", "flow.approval")], [edge("sub", "ask")]), tags=["t1"])
    await until(lambda: service.get(run_id), lambda run: run["nodes"]["sub"]["status"] == "succeeded")
    [log] = [event for event in await service.events(run_id, node="sub") if event["type"] == "node.log"]
    return run_id, log["data"]["run_id"]


def emit_input(key: str) -> Json:
    return {"id": key, "type": "test.emit", "params": {"value": {"$input": key}}}


@pytest.mark.parametrize("how", ["cancel", "end", "delete"])
async def test_a_run_that_is_not_waited_for_goes_on_whatever_becomes_of_the_one_that_started_it(
    service: Service, tmp_path: Path, how: str
) -> None:
    run_id, apart = await started_apart(service, tmp_path)
    path = f"/runs/{run_id}/cancel" if how != "end" else f"/runs/{run_id}/nodes/ask/skip"
    assert (await service.http.post(path)).status_code in (200, 202)
    run = await service.ended(run_id)
    assert run["nodes"]["sub"]["status"] == "succeeded"
    if how == "delete":
        assert (await service.http.delete(f"/runs/{run_id}")).status_code in (202, 204)
    listed = (await service.http.get("/runs", params={"tag": "t1", "status": "open"})).json()["runs"]
    assert apart in [view["run_id"] for view in listed]

    (tmp_path / "open").touch()

    ended = await service.ended(apart)
    assert (ended["status"], ended["result"]["outputs"], ended["tags"]) == ("succeeded", {"who": "Ada"}, ["t1"])
    assert (await service.events(apart))[-1]["type"] == "run.succeeded"


async def test_a_node_that_does_not_wait_gives_the_id_of_the_run_that_it_has_started(service: Service) -> None:
    await store(service, "short", [emit("a", 1)])
    sub = control("sub", "flow.graph", graph="short", wait=False)
    run = await service.run(graph([sub, echo("then")], [edge("sub", "then", id="run_id")]))
    apart = run["result"]["outputs"]["then"]["input"]["id"]
    assert (await service.ended(apart))["result"]["outputs"] == {"a": 1}
    assert not apart.startswith(run["run_id"])
