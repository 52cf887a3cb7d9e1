"""Control nodes over HTTP: what each does, alone and when it is steered."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sample_agents import Diary

from tests.integration.graph_cases import echo, edge, emit, fail, flaky, gate, graph, sleep
from tests.integration.service import Json, Service
from tests.waiting import eventually, until

HOUR = {"initial_interval_sec": 3600, "max_interval_sec": 3600}


def control(id: str, type: str, **params: Any) -> Json:
    return {"id": id, "type": type, "params": params}


def mapped(items: list[Any], node: Json, **options: Any) -> Json:
    """A graph whose node `node` gets these items."""
    return graph([emit("items", items), node], [edge("items", node["id"], items="@")], options=options)


async def store(service: Service, name: str, nodes: list[Json], edges: list[Json] | None = None, **rest: Any) -> str:
    answer = await service.http.post("/graphs", json=graph(nodes, edges, **rest) | {"name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["graph_id"])


async def told(service: Service, run_id: str, node: str) -> list[str]:
    return [event["type"] for event in await service.events(run_id, node=node)]


async def parts_of(service: Service, run_id: str, node: str, **params: int) -> Json:
    answer = await service.http.get(f"/runs/{run_id}/nodes/{node}", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["parts"])


# flow.approval, flow.wait


async def test_an_approval_that_nobody_answers_fails(service: Service) -> None:
    run = await service.run(graph([control("ask", "flow.approval", timeout_sec=0.01)]))

    assert run["status"] == "failed"
    assert run["error"]["code"] == "approval_timeout"


async def test_an_approval_that_nobody_answers_gives_its_default_and_says_so(service: Service) -> None:
    ask = control("ask", "flow.approval", timeout_sec=0.01, on_timeout={"answer": {"ship": False}})

    run = await service.run(graph([ask]))

    assert run["result"]["outputs"] == {"ask": {"ship": False}}
    [log] = [event for event in await service.events(run["run_id"], node="ask") if event["type"] == "node.log"]
    assert log["message"] == "nobody answered ask in time: the default answer is taken"


async def test_a_wait_until_a_moment_that_has_passed_is_none(service: Service) -> None:
    run = await service.run(graph([control("wait", "flow.wait", until="2020-02-02T02:02:02+02:00")]))

    assert run["result"]["outputs"] == {"wait": {"until": "2020-02-02T00:02:02.000Z"}}


# flow.map


async def test_a_map_keeps_order_and_window_and_tells_of_each_item(service: Service, tmp_path: Path) -> None:
    params = {"open": str(tmp_path / "open"), "folder": str(tmp_path), "value": 1}
    each = control("each", "flow.map", agent="test.gate", params=params, concurrency=3)
    run_id = await service.start(mapped([{"x": number} for number in range(9)], each))
    await eventually(lambda: Diary(tmp_path).count("start") == 3)
    parts = await parts_of(service, run_id, "each")
    assert {name: part["status"] for name, part in parts.items()} == {f"each[{i}]": "scheduled" for i in range(3)}
    (tmp_path / "open").touch()

    run = await service.ended(run_id)

    assert run["result"]["outputs"]["each"] == {"outputs": [1] * 9, "failed": [], "errors": []}
    parts = await parts_of(service, run_id, "each", offset=3, limit=2)
    assert {name: (part["status"], part["attempt"]) for name, part in parts.items()} == {
        "each[3]": ("succeeded", 1),
        "each[4]": ("succeeded", 1),
    }
    assert Diary(tmp_path).most_at_once() == 3
    assert await told(service, run_id, "each[8]") == ["node.scheduled", "node.succeeded"]
    told_of_map = await service.events(run_id, node="each")
    percents = [event["progress"] for event in told_of_map if event["type"] == "node.progress"]
    assert percents == [11, 22, 33, 44, 55, 66, 77, 88, 100]


async def test_an_item_that_is_no_object_is_the_input_item(service: Service) -> None:
    run = await service.run(mapped([1, {"x": 2}], control("each", "flow.map", agent="test.echo")))

    outputs = run["result"]["outputs"]["each"]["outputs"]
    assert [output["input"] for output in outputs] == [{"item": 1}, {"x": 2}]


async def test_each_item_has_its_own_retries(service: Service) -> None:
    retry = {"initial_interval_sec": 0.01, "max_interval_sec": 0.01}
    each = control("each", "flow.map", agent="test.flaky", params={"succeeds_at": 2}) | {"retries": 1, "retry": retry}

    run = await service.run(mapped([{}, {}], each))

    assert [output["attempt"] for output in run["result"]["outputs"]["each"]["outputs"]] == [2, 2]
    assert "node.retrying" in await told(service, run["run_id"], "each[1]")


@pytest.mark.parametrize(("tolerate", "status"), [(0, "failed"), (1, "failed"), (2, "succeeded"), (0.5, "succeeded")])
async def test_a_map_tolerates_a_number_or_a_share_of_failed_items(
    service: Service, tolerate: float, status: str
) -> None:
    items = [{"number": 1}, {}, {"number": 3}, {}]
    each = control("each", "flow.map", agent="test.typed", tolerate=tolerate, concurrency=1)

    run = await service.run(mapped(items, each))

    assert run["status"] == status
    reasons = [{"index": index, "code": "invalid_input", "message": "input.number: Field required"} for index in (1, 3)]
    if status == "succeeded":
        outputs = [{"number": 1}, None, {"number": 3}, None]
        assert run["result"]["outputs"]["each"] == {"outputs": outputs, "failed": [1, 3], "errors": reasons}
        parts = await parts_of(service, run["run_id"], "each")
        assert parts["each[3]"]["error"]["message"] == reasons[1]["message"]
    else:
        assert run["error"]["code"] == "too_many_failed"
        failed = [1, 3][: int(tolerate) + 1]
        assert run["error"]["details"] == {"failed": failed, "errors": reasons[: len(failed)]}
        assert "the first of: input.number: Field required" in run["error"]["message"]


async def test_a_map_over_a_stored_graph_gives_the_outputs_of_its_runs(service: Service) -> None:
    node = {"id": "a", "type": "test.emit", "params": {"value": {"$input": "x"}}}
    await store(service, "of-one", [node])

    run = await service.run(mapped([{"x": 1}, {"x": 2}], control("each", "flow.map", graph="of-one")))

    assert run["result"]["outputs"]["each"]["outputs"] == [{"a": 1}, {"a": 2}]
    item = [event["type"] for event in await service.events(run["run_id"], node="each[1]")]
    assert (item[0], item[-1]) == ("node.scheduled", "node.succeeded")
    assert await told(service, run["run_id"], "each[1]/a") == ["node.scheduled", "node.succeeded"]


async def test_a_pause_holds_what_a_map_has_not_started(service: Service, tmp_path: Path) -> None:
    params = {"open": str(tmp_path / "open"), "folder": str(tmp_path)}
    each = control("each", "flow.map", agent="test.gate", params=params, concurrency=2)
    run_id = await service.start(mapped([{}] * 5, each))
    await eventually(lambda: Diary(tmp_path).count("start") == 2)

    await service.http.post(f"/runs/{run_id}/pause")
    await until(lambda: service.get(run_id), lambda run: run["status"] == "paused")
    (tmp_path / "open").touch()
    await until(lambda: told(service, run_id, "each[1]"), lambda types: types[-1] == "node.succeeded")
    await until(lambda: told(service, run_id, "each[0]"), lambda types: types[-1] == "node.succeeded")
    assert await told(service, run_id, "each[2]") == []
    await service.http.post(f"/runs/{run_id}/resume")

    assert (await service.ended(run_id))["status"] == "succeeded"


async def test_a_map_that_is_tried_again_runs_only_the_items_that_failed(service: Service, tmp_path: Path) -> None:
    """Of two items the first succeeds, the second needs the file `open`."""
    one = {"id": "a", "type": "test.emit", "params": {"value": 1, "folder": str(tmp_path)}}
    gated = {"id": "b", "type": "test.gated", "params": {"open": {"$input": "open"}}, "retries": 0}
    await store(service, "gated", [one, gated], [edge("a", "b", x="@")])
    items = [{"open": __file__}, {"open": str(tmp_path / "open")}]
    run_id = await service.start(mapped(items, control("each", "flow.map", graph="gated"), on_failure="pause"))
    await until(lambda: service.get(run_id), lambda run: run["status"] == "paused")
    (tmp_path / "open").touch()

    answer = await service.http.post(f"/runs/{run_id}/nodes/each/retry")
    assert answer.status_code == 200, answer.text
    run = await service.ended(run_id)

    assert run["result"]["outputs"]["each"] == {"outputs": [{"b": {"x": 1}}] * 2, "failed": [], "errors": []}
    assert Diary(tmp_path).count("start") == 3
    assert (await service.get(f"{run_id}.each[1]"))["status"] == "failed"
    again = await service.get(f"{run_id}.each[1]~2")
    assert (again["status"], again["result"]["outputs"]) == ("succeeded", {"b": {"x": 1}})
    assert (await told(service, f"{run_id}.each[1]~2", "b"))[-1] == "node.succeeded"


@pytest.mark.parametrize("ending", ["fails", "is terminated"])
async def test_a_retried_run_runs_only_the_items_of_a_map_that_had_not_succeeded(
    service: Service, tmp_path: Path, ending: str
) -> None:
    """Of three items the first succeeds, the second needs the file `open`."""
    one = {"id": "a", "type": "test.emit", "params": {"value": 1, "folder": str(tmp_path)}}
    agent = {"type": "test.gated", "params": {"open": {"$input": "open"}}, "retries": 0}
    if ending == "is terminated":
        agent["type"] = "test.gate"
    await store(service, "gated", [one, {"id": "b", **agent}], [edge("a", "b", x="@")])
    items = [{"open": __file__}, {"open": str(tmp_path / "open")}, {"open": __file__}]
    run_id = await service.start(mapped(items, control("each", "flow.map", graph="gated", concurrency=1)))
    if ending == "is terminated":
        await eventually(lambda: Diary(tmp_path).count("start") == 2)
        await service.client.get_workflow_handle(run_id).terminate()
    first = await service.ended(run_id)
    assert first["status"] in ("failed", "terminated")
    (tmp_path / "open").touch()
    begun = Diary(tmp_path).count("start")

    second = (await service.http.post(f"/runs/{run_id}/retry")).json()["run_id"]
    run = await service.ended(second)
    anew = (await service.http.post(f"/runs/{second}/retry", json={"from": ["items"]})).json()["run_id"]
    all_anew = await service.ended(anew)

    assert len(run["result"]["outputs"]["each"]["outputs"]) == 3
    assert run["result"] == all_anew["result"]
    assert "each[0]" not in await parts_of(service, second, "each")
    assert Diary(tmp_path).count("start") == begun + 2 + 3


# flow.graph


async def test_a_child_run_is_paused_resumed_and_cancelled_with_its_parent(service: Service, tmp_path: Path) -> None:
    slow = {"id": "slow", "type": "test.sleep", "params": {"sec": 600, "folder": str(tmp_path)}}
    await store(service, "slow", [slow])
    run_id = await service.start(graph([control("sub", "flow.graph", graph="slow")]))
    child_id = f"{run_id}.sub"
    await eventually(lambda: Diary(tmp_path).count("start") == 1)
    await until(lambda: told(service, run_id, "sub/slow"), lambda types: types == ["node.scheduled"])

    for call, status in (("pause", "paused"), ("resume", "running")):
        await service.http.post(f"/runs/{run_id}/{call}")
        await until(lambda: service.get(child_id), lambda child, status=status: child["status"] == status)  # type: ignore[misc]
    await service.http.post(f"/runs/{run_id}/cancel")
    run, child = await service.ended(run_id), await service.ended(child_id)

    assert (run["status"], child["status"]) == ("cancelled", "cancelled")
    assert run["nodes"]["sub"]["status"] == "cancelled"
    assert Diary(tmp_path).count("cancel") == 1
    assert (await told(service, run_id, "sub/slow"))[-1] == "node.cancelled"


@pytest.mark.parametrize(("act", "code"), [("cancel", "child_cancelled"), ("terminate", "child_terminated")])
async def test_a_child_run_that_somebody_stops_fails_its_node(service: Service, act: str, code: str) -> None:
    await store(service, "sleeps", [sleep("slow", 600)])
    each = control("each", "flow.map", graph="sleeps", concurrency=1)
    run_id = await service.start(mapped([{}], each))
    await until(lambda: told(service, run_id, "each[0]/slow"), lambda types: types == ["node.scheduled"])

    child = service.client.get_workflow_handle(f"{run_id}.each[0]")
    await (child.cancel() if act == "cancel" else child.terminate())
    run = await service.ended(run_id)

    assert run["status"] == "failed"
    [failed] = [event for event in await service.events(run_id, node="each[0]") if event["type"] == "node.failed"]
    assert failed["data"]["error"]["code"] == code


async def test_an_approval_in_a_child_run_is_answered_there(service: Service) -> None:
    await store(service, "asks", [control("ask", "flow.approval", prompt="?")])
    run_id = await service.start(graph([control("sub", "flow.graph", graph="asks")]))
    types = await until(lambda: told(service, run_id, "sub/ask"), lambda types: "node.waiting" in types)
    waiting = (await service.events(run_id, node="sub/ask"))[types.index("node.waiting")]
    where, node = waiting["data"]["run_id"], waiting["data"]["node"]
    reason = f"an answer to {node} of the run {where}"
    run = await service.get(run_id)
    assert run["nodes"]["sub"]["waiting_for"] == [reason]
    assert run["waiting_for"] == [f"sub: {reason}"]
    part = (await service.http.get(f"/runs/{run_id}/nodes/sub")).json()["parts"]["sub/ask"]
    assert part["waiting_for"] == [reason]

    answer = await service.http.post(f"/runs/{where}/nodes/{node}/respond", json={"answer": 5})

    assert answer.status_code == 200, answer.text
    assert (await service.ended(run_id))["result"]["outputs"] == {"sub": {"ask": 5}}


async def test_a_child_run_that_a_failed_node_holds_is_named_by_the_runs_above_it(service: Service) -> None:
    await store(service, "holds", [fail("bad")], options={"on_failure": "pause"})
    run_id = await service.start(graph([control("each", "flow.map", graph="holds", items=[1])]))
    where = f"{run_id}.each[0]"
    held = [f"each: bad of the run {where}, which failed, to be retried or skipped"]
    await until(lambda: service.get(run_id), lambda run: bool(run["waiting_for"] == held))

    assert (await service.http.post(f"/runs/{where}/nodes/bad/skip")).status_code == 200
    assert (await service.ended(run_id))["status"] == "succeeded"


async def test_a_child_run_that_somebody_paused_is_named_by_the_runs_above_it(service: Service) -> None:
    await store(service, "asks", [control("ask", "flow.approval", prompt="?")])
    await store(service, "between", [control("inner", "flow.graph", graph="asks")])
    run_id = await service.start(graph([control("sub", "flow.graph", graph="between")]))
    where = f"{run_id}.sub.inner"
    await until(lambda: service.get(run_id), lambda run: bool(run["waiting_for"]))

    assert (await service.http.post(f"/runs/{where}/pause")).status_code == 202
    paused = [f"sub: the run {where} to be resumed"]
    await until(lambda: service.get(run_id), lambda run: bool(run["waiting_for"] == paused))
    assert (await service.http.post(f"/runs/{where}/resume")).status_code == 202
    asked = [f"sub: an answer to ask of the run {where}"]
    await until(lambda: service.get(run_id), lambda run: bool(run["waiting_for"] == asked))
    await service.http.post(f"/runs/{where}/nodes/ask/respond", json={"answer": 5})
    assert (await service.ended(run_id))["status"] == "succeeded"


async def test_an_approval_deep_down_is_named_by_every_run_above_it(service: Service) -> None:
    await store(service, "asks", [control("ask", "flow.approval", prompt="?")])
    await store(service, "between", [control("inner", "flow.graph", graph="asks")])
    run_id = await service.start(graph([control("sub", "flow.graph", graph="between")]))

    where = f"{run_id}.sub.inner"
    asked = [f"sub: an answer to ask of the run {where}"]
    await until(lambda: service.get(run_id), lambda run: bool(run["waiting_for"] == asked))
    await service.http.post(f"/runs/{where}/nodes/ask/respond", json={"answer": 5})
    ended = await service.ended(run_id)
    assert ended["result"]["outputs"] == {"sub": {"inner": {"ask": 5}}}
    assert ended["waiting_for"] == []


async def test_child_runs_are_bounded_in_depth(service: Service) -> None:
    await store(service, "leaf", [echo("a")])
    names = ["leaf", *(f"level{depth}" for depth in range(5))]
    for below, name in pairwise(names):
        await store(service, name, [control("next", "flow.graph", graph=below)])

    fits = await service.run(graph([control("top", "flow.graph", graph="level3")]))
    too_deep = await service.run(graph([control("top", "flow.graph", graph="level4")]))

    assert fits["status"] == "succeeded"
    assert (too_deep["status"], too_deep["error"]["code"]) == ("failed", "nested_too_deep")


async def test_child_runs_are_bounded_in_number(service: Service) -> None:
    leaf = graph([echo("a")]) | {"name": "leaf"}
    document = mapped([1, 2, 3], control("each", "flow.map", graph="leaf", concurrency=1))
    limits = {"depth": 5, "runs": 2}
    order = {"graph": document, "subgraphs": {"leaf": leaf}, "child_limits": limits}
    await service.client.start_workflow(
        "GraphRun", args=[order, None], id="three-children", task_queue=service.settings.task_queue
    )

    run = await service.ended("three-children")

    assert (run["status"], run["error"]["code"]) == ("failed", "too_many_failed")
    assert [run["nodes"]["each"]["status"], "2 child runs" in run["error"]["message"]] == ["failed", True]


async def test_events_of_a_child_run_keep_their_time(service: Service) -> None:
    await store(service, "slowly", [sleep("a", 0.2), sleep("b", 0.2)], [edge("a", "b")])
    run = await service.run(graph([control("sub", "flow.graph", graph="slowly")]))

    own = await service.events(f"{run['run_id']}.sub")
    above = await service.events(run["run_id"])
    times = {(event["type"], event["node"]): event["ts"] for event in above}
    theirs = [event for event in own if event["node"] is not None]
    assert theirs
    for event in theirs:
        assert times[(event["type"], f"sub/{event['node']}")] == event["ts"]


async def test_a_default_answer_that_does_not_fit_fails_its_node(service: Service) -> None:
    default = {"answer": {"$input": "default"}}
    ask = control("ask", "flow.approval", schema={"type": "integer"}, timeout_sec=0.2, on_timeout=default)

    run = await service.run(graph([ask]), input={"default": "many"})

    assert (run["status"], run["error"]["code"]) == ("failed", "invalid_answer")
    assert "does not fit the schema" in run["error"]["message"]


@pytest.mark.parametrize("indirect", [False, True])
async def test_a_graph_that_contains_itself_is_a_fault(service: Service, indirect: bool) -> None:
    name, other = f"self-{indirect}", "other-of-self"
    await store(service, name, [emit("a")])
    if indirect:
        await store(service, other, [control("back", "flow.graph", graph=name)])
    document = graph([control("sub", "flow.repeat", graph=other if indirect else name, until="@", max_times=2)])

    for path, body in (("/graphs", document | {"name": name}), ("/runs", {"graph": document | {"name": name}})):
        answer = await service.http.post(path, json=body)

        assert answer.status_code == 422
        [fault] = answer.json()["faults"]
        assert (fault["code"], fault["pointer"]) == ("recursive_graph", "/nodes/0/params/graph")
        assert fault["message"].startswith("the graph contains itself: ")


# flow.repeat


async def test_each_round_of_a_repeat_gets_the_last_output(service: Service) -> None:
    again = control("again", "flow.repeat", agent="agent.transform", until="n >= `3`", max_times=9)
    again["params"]["params"] = {"expression": "{n: length(not_null(list, `[]`)), list: [list, list][]}"}

    run = await service.run(graph([emit("a", [0]), again], [edge("a", "again", list="@")]))

    assert run["result"]["outputs"]["again"] == {
        "output": {"n": 4, "list": [0] * 8},
        "times": 3,
        "satisfied": True,
    }
    assert await told(service, run["run_id"], "again[2]") == ["node.scheduled", "node.succeeded"]


async def test_a_repeat_over_a_graph_ends_after_max_times(service: Service) -> None:
    node = {"id": "a", "type": "test.emit", "params": {"value": {"$input": "a || `1`"}}}
    await store(service, "round", [node])

    run = await service.run(graph([control("again", "flow.repeat", graph="round", until="a == `2`", max_times=2)]))

    assert run["result"]["outputs"]["again"] == {"output": {"a": 1}, "times": 2, "satisfied": False}


# Steering parts


async def test_an_item_that_waits_for_its_next_attempt_is_tried_now(service: Service) -> None:
    each = control("each", "flow.map", agent="test.flaky", params={"succeeds_at": 2}) | {"retry": HOUR}
    run_id = await service.start(mapped([{}], each))
    await until(lambda: told(service, run_id, "each[0]"), lambda types: "node.retrying" in types)

    answer = await service.http.post(f"/runs/{run_id}/nodes/each[0]/retry")

    assert answer.status_code == 200, answer.text
    assert (await service.ended(run_id))["result"]["outputs"]["each"]["failed"] == []


async def test_what_makes_no_sense_for_a_control_node_is_refused(service: Service) -> None:
    await store(service, "sleeps", [sleep("slow", 600)])
    nodes = [control("ask", "flow.approval"), control("sub", "flow.graph", graph="sleeps")]
    run_id = await service.start(graph(nodes))
    await until(lambda: told(service, run_id, "sub/slow"), lambda types: types == ["node.scheduled"])
    length = len(await service.events(run_id))

    for path, sentence in {
        "ask/retry": "node ask has no attempts: the workflow carries it out itself",
        "sub/retry": "node sub has no attempts: the workflow carries it out itself",
        "sub/respond": "node sub does not wait for an answer",
        "sub%2Fslow/skip": f"node slow belongs to the run {run_id}.sub: steer it there",
    }.items():
        answer = await service.http.post(f"/runs/{run_id}/nodes/{path}", json={"answer": 1} if "resp" in path else None)
        assert (answer.status_code, answer.json()["detail"]) == (409, sentence)
    assert len(await service.events(run_id)) == length

    for node in ("ask", "sub"):
        answer = await service.http.post(f"/runs/{run_id}/nodes/{node}/skip")
        assert answer.status_code == 200, answer.text
    run = await service.ended(run_id)
    assert {view["status"] for view in run["nodes"].values()} == {"skipped"}
    assert (await service.get(f"{run_id}.sub"))["status"] == "cancelled"


async def test_a_failing_child_run_says_what_failed(service: Service) -> None:
    await store(service, "fails", [fail("bad", "no_luck"), echo("then")], [edge("bad", "then")])

    run = await service.run(graph([control("sub", "flow.graph", graph="fails")]))

    assert (run["error"]["code"], run["error"]["node"]) == ("no_luck", "sub")
    assert (await told(service, run["run_id"], "sub/bad"))[-1] == "node.failed"


async def test_a_repetition_that_is_about_to_begin_is_held_by_a_failure_of_the_same_moment(service: Service) -> None:
    nodes = [
        {"id": "stops", "type": "flow.fail", "params": {"code": "no", "message": "no"}},
        {
            "id": "loop",
            "type": "flow.repeat",
            "params": {
                "agent": "agent.transform",
                "params": {"expression": "{n: `1`}"},
                "until": "n == `1`",
                "max_times": 1,
            },
        },
    ]
    run = await service.start({"name": "held", "nodes": nodes, "options": {"on_failure": "pause"}})
    await until(lambda: service.get(run), lambda now: now["status"] == "paused")
    assert "loop[0]" not in {event["node"] for event in await service.events(run)}
    await service.http.post(f"/runs/{run}/nodes/stops/skip")
    assert (await service.ended(run))["status"] == "succeeded"
    events = [(event["type"], event["node"]) for event in await service.events(run)]
    assert events.index(("run.resumed", None)) < events.index(("node.scheduled", "loop[0]"))


async def test_a_wait_ends_while_the_run_is_paused(service: Service, tmp_path: Path) -> None:
    nodes = [gate("gate", tmp_path / "open"), control("wait", "flow.wait", seconds=0.5), flaky("then", 1)]
    run_id = await service.start(graph(nodes, [edge("wait", "then")]))
    await service.http.post(f"/runs/{run_id}/pause")

    paused = await until(lambda: service.get(run_id), lambda run: run["nodes"]["wait"]["status"] == "succeeded")

    assert (paused["status"], paused["nodes"]["then"]["status"]) == ("paused", "pending")
    (tmp_path / "open").touch()
    await service.http.post(f"/runs/{run_id}/resume")
    assert (await service.ended(run_id))["status"] == "succeeded"


@pytest.mark.parametrize(
    ("schema", "answer", "code"),
    [
        ({"properties": {"a": {"$dynamicRef": "http://127.0.0.1:9/x#/y"}}}, {"a": 1}, "invalid_params"),
        ({"$ref": "file:///etc/passwd"}, 1, "invalid_params"),
        ({"pattern": "(a)\\1"}, "aa", "invalid_params"),
        ({"type": "boolean"}, "yes" * 1000, "invalid_answer"),
        ({"pattern": "^(a+)+$"}, "a" * 40 + "!", "invalid_answer"),
    ],
)
async def test_a_schema_by_reference_is_checked_when_it_comes(
    service: Service, schema: Json, answer: Any, code: str
) -> None:
    ask = control("ask", "flow.approval", timeout_sec=0.01, schema={"$input": "s"}, on_timeout={"$input": "d"})
    run = await service.run(graph([ask]), input={"s": schema, "d": {"answer": answer}})
    assert run["status"] == "failed"
    assert run["error"]["code"] == code
    assert len(run["error"]["message"]) < 300


async def test_an_expression_that_blows_up_fails_its_node_alone(service: Service) -> None:
    doubled = " | ".join(["[@, @]"] * 40)
    run = await service.run(
        graph([emit("a", 1), emit("b", 2)], [edge("a", "b") | {"when": f"({doubled}) == ({doubled})"}])
    )
    assert run["status"] == "failed"
    assert run["error"]["code"] == "expression_too_large"
