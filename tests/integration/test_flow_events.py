"""`flow.event` and `flow.fail` over HTTP and by signal: what comes from outside, when it comes, and what it ends."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.integration.graph_cases import echo, edge, emit, gate, graph
from tests.integration.service import Json, Service
from tests.waiting import until


def control(id: str, type: str, /, **params: Any) -> Json:
    return {"id": id, "type": type, "params": params}


async def send(service: Service, run_id: str, name: str, data: Any = None) -> Json:
    answer = await service.http.post(f"/runs/{run_id}/events/{name}", json=data)
    return {"status": answer.status_code, **answer.json()}


async def waits(service: Service, run_id: str, *nodes: str) -> Json:
    """The run when these nodes wait."""
    return await until(
        lambda: service.get(run_id), lambda run: all(run["nodes"][node]["status"] == "waiting" for node in nodes)
    )


async def logged(service: Service, run_id: str, node: str) -> list[str]:
    return [event["message"] for event in await service.events(run_id, node=node) if event["type"] == "node.log"]


async def test_a_node_is_given_the_event_that_it_waits_for_and_the_run_says_which_that_is(service: Service) -> None:
    run_id = await service.start(graph([control("paid", "flow.event", name="payment")]))
    run = await waits(service, run_id, "paid")
    assert run["waiting_for"] == ["paid: the event payment"]

    answer = await send(service, run_id, "payment", {"amount": 3})

    assert answer == {"status": 202, "run_id": run_id, "event": "payment"}
    assert (await service.ended(run_id))["result"]["outputs"] == {"paid": {"amount": 3}}
    [log] = [event for event in await service.events(run_id, node="paid") if event["type"] == "node.log"]
    assert log["data"] == {"event": "payment", "data": {"amount": 3}}


async def test_events_that_come_before_a_node_waits_are_kept_in_their_order(service: Service, tmp_path: Path) -> None:
    nodes = [gate("gate", tmp_path / "open"), control("three", "flow.event", name="n", count=3)]
    run_id = await service.start(graph(nodes, [edge("gate", "three")]))
    for number in (1, 2, 3, 4):
        assert (await send(service, run_id, "n", number))["status"] == 202
    assert (await send(service, run_id, "other", 5))["status"] == 202
    (tmp_path / "open").touch()

    run = await service.ended(run_id)

    assert run["result"]["outputs"] == {"three": [1, 2, 3]}
    assert await logged(service, run_id, "three") == [f"the event n came for three, {i} of 3" for i in (1, 2, 3)]


async def test_an_event_goes_to_one_node_the_one_that_waits_longest(service: Service) -> None:
    nodes = [control(id, "flow.event", name="go") for id in ("first", "second")]
    run_id = await service.start(graph([emit("before"), *nodes], [edge("before", "second")]))
    await waits(service, run_id, "first", "second")

    await send(service, run_id, "go", "a")
    run = await until(lambda: service.get(run_id), lambda run: run["nodes"]["first"]["status"] == "succeeded")
    assert run["nodes"]["second"]["status"] == "waiting"
    await send(service, run_id, "go", "b")

    assert (await service.ended(run_id))["result"]["outputs"] == {"first": "a", "second": "b"}


async def test_an_event_that_does_not_fit_the_schema_of_who_waits_is_refused(service: Service) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    run_id = await service.start(graph([control("ask", "flow.event", name="go", schema=schema)]))
    await waits(service, run_id, "ask")

    answer = await send(service, run_id, "go", {"ok": 1})

    assert (answer["status"], answer["code"]) == (422, "event_invalid")
    assert answer["detail"].startswith("the data does not fit the schema of the node that waits: ")
    assert (await send(service, run_id, "go", {"ok": True}))["status"] == 202
    assert (await service.ended(run_id))["result"]["outputs"] == {"ask": {"ok": True}}


async def test_a_signal_that_fits_nobody_who_waits_is_kept_for_another_node_and_told(service: Service) -> None:
    nodes = [control("number", "flow.event", name="go", schema={"type": "integer"})]
    nodes.append(control("text", "flow.event", name="go", schema={"type": "string"}))
    run_id = await service.start(graph(nodes, [edge("number", "text")]))
    await waits(service, run_id, "number")
    handle = service.client.get_workflow_handle(run_id)

    await handle.signal("event", args=["go", "later"])
    await handle.signal("event", args=["go", 1])

    assert (await service.ended(run_id))["result"]["outputs"] == {"text": "later"}
    assert (await logged(service, run_id, "number"))[0].startswith(
        "an event go does not fit the schema of number, and waits for another node: "
    )


@pytest.mark.parametrize("args", [[], ["go", 1, 2], [5, 1], ["a b", 1], [None], [{"data": 1}], [{}]])
async def test_a_signal_that_is_no_event_changes_nothing(service: Service, args: list[Any]) -> None:
    run_id = await service.start(graph([control("ask", "flow.event", name="go")]))
    handle = service.client.get_workflow_handle(run_id)
    await handle.signal("event", args=args)
    await handle.signal("event", args=["go", "right"])
    assert (await service.ended(run_id))["result"]["outputs"] == {"ask": "right"}


async def test_a_signal_may_have_its_name_and_data_in_one_argument(service: Service) -> None:
    run_id = await service.start(graph([control("ask", "flow.event", name="go")]))
    await service.client.get_workflow_handle(run_id).signal("event", {"name": "go", "data": 1})
    assert (await service.ended(run_id))["result"]["outputs"] == {"ask": 1}


async def test_an_event_that_comes_with_the_start_of_a_run_is_kept(service: Service) -> None:
    document = {"graph": graph([emit("before"), control("ask", "flow.event", name="go")], [edge("before", "ask")])}
    handle = await service.client.start_workflow(
        "GraphRun",
        args=[document, None],
        id=f"r_{uuid.uuid4().hex}",
        task_queue=service.settings.task_queue,
        start_signal="event",
        start_signal_args=["go", "early"],
    )
    assert (await handle.result())["outputs"] == {"ask": "early"}


async def test_events_that_do_not_come_in_time_fail_the_node_or_give_its_default(service: Service) -> None:
    default = control("soft", "flow.event", name="go", timeout_sec=0.01, on_timeout={"answer": [0]}, count=2)
    hard = control("hard", "flow.event", name="go", timeout_sec=0.01)

    run = await service.run(graph([default, hard], [edge("soft", "hard")]))

    assert (run["error"]["code"], run["error"]["message"]) == ("event_timeout", "no event go came within 0.01 s")
    assert await logged(service, run["run_id"], "soft") == ["no event go came within 0.01 s: the default is taken"]


@pytest.mark.parametrize("how", ["cancel", "skip", "pause"])
async def test_a_node_that_waits_for_an_event_is_steered_like_any_other(service: Service, how: str) -> None:
    run_id = await service.start(graph([control("ask", "flow.event", name="go", count=2), emit("b")]))
    await waits(service, run_id, "ask")
    await send(service, run_id, "go", 1)
    path = "nodes/ask/skip" if how == "skip" else how
    assert (await service.http.post(f"/runs/{run_id}/{path}")).status_code in (200, 202)
    if how == "pause":
        await send(service, run_id, "go", 2)
        await until(lambda: service.get(run_id), lambda run: run["nodes"]["ask"]["status"] == "succeeded")
        await service.http.post(f"/runs/{run_id}/resume")

    run = await service.ended(run_id)

    statuses = {"cancel": "cancelled", "skip": "skipped", "pause": "succeeded"}
    assert run["nodes"]["ask"]["status"] == statuses[how]
    assert run["status"] == ("cancelled" if how == "cancel" else "succeeded")


async def test_a_node_that_is_tried_again_has_the_events_that_it_had_taken(service: Service) -> None:
    ask = control("ask", "flow.event", name="go", count=2, timeout_sec=3)
    run_id = await service.start(graph([ask], options={"on_failure": "pause"}))
    await waits(service, run_id, "ask")
    await send(service, run_id, "go", 1)
    await until(lambda: service.get(run_id), lambda run: run["nodes"]["ask"]["status"] == "failed")

    await service.http.post(f"/runs/{run_id}/nodes/ask/retry")
    await send(service, run_id, "go", 2)

    assert (await service.ended(run_id))["result"]["outputs"] == {"ask": [1, 2]}


async def test_a_child_run_is_sent_the_event_that_one_of_its_nodes_waits_for(service: Service) -> None:
    answer = await service.http.post(
        "/graphs", json={"name": "asks", **graph([control("ask", "flow.event", name="e")])} | {"name": "asks"}
    )
    assert answer.status_code == 201, answer.text
    run_id = await service.start(graph([control("sub", "flow.graph", graph="asks")]))

    run = await until(lambda: service.get(run_id), lambda run: bool(run["waiting_for"]))
    assert run["waiting_for"] == [f"sub: the event e of the run {run_id}.sub"]
    assert (await send(service, f"{run_id}.sub", "e", 1))["status"] == 202

    assert (await service.ended(run_id))["result"]["outputs"] == {"sub": {"ask": 1}}


async def test_a_run_that_has_ended_or_is_none_takes_no_event(service: Service) -> None:
    run = await service.run(graph([emit("a")]))
    for run_id, name, data, expected in (
        (run["run_id"], "go", 1, (409, "run_ended")),
        ("r_none", "go", 1, (404, "run_not_found")),
        (run["run_id"], "a b", 1, (422, "request_invalid")),
        (run["run_id"], "go", "x" * 300_000, (413, "too_large")),
    ):
        answer = await send(service, run_id, name, data)
        assert (answer["status"], answer["code"]) == expected


async def test_a_run_holds_so_many_bytes_of_events_and_no_more(service: Service, tmp_path: Path) -> None:
    run_id = await service.start(graph([gate("gate", tmp_path / "open")]))
    answers = [await send(service, run_id, "go", "x" * 250_000) for _ in range(17)]
    assert [answer["status"] for answer in answers] == [202] * 16 + [409]
    assert answers[-1]["code"] == "events_full"
    (tmp_path / "open").touch()
    assert (await service.ended(run_id))["status"] == "succeeded"


# flow.fail


async def test_a_node_fails_with_what_the_graph_says(service: Service) -> None:
    details = {"attempt": "none", "left": [1]}
    stop = control("stop", "flow.fail", code="too_poor", message={"$input": "why"}, details=details)

    run = await service.run(graph([stop]), input={"why": "nothing is left"})

    assert run["status"] == "failed"
    error = {key: run["error"][key] for key in ("code", "message", "node", "details")}
    assert error == {"code": "too_poor", "message": "nothing is left", "node": "stop", "details": details}


@pytest.mark.parametrize(
    ("why", "told"),
    [("x" * 5000, "x" * 100), ({"left": [1]}, '{"left":[1]}'), (7, "7"), (None, "stop ends here")],
    ids=["long", "object", "number", "null"],
)
async def test_whatever_a_reference_gives_for_its_message_the_code_is_told(
    service: Service, why: Any, told: str
) -> None:
    stop = control("stop", "flow.fail", code="too_poor", message={"$input": "why"})
    handled = edge("stop", "then", on="failure", when="error.code == 'too_poor'", message="error.message")

    run = await service.run(graph([stop, echo("then")], [handled]), input={"why": why})

    message = run["result"]["outputs"]["then"]["input"]["message"]
    assert message.startswith(told)
    assert len(message) <= 4000


async def test_a_failure_of_a_child_run_has_the_code_that_its_graph_says(service: Service) -> None:
    stops = graph([control("stop", "flow.fail", code="E.42", details={"a": 1})]) | {"name": "stops"}
    assert (await service.http.post("/graphs", json=stops)).status_code == 201
    sub = control("sub", "flow.graph", graph="stops") | {"optional": True}

    run = await service.run(graph([sub, echo("then")], [edge("sub", "then", x="@")]))

    assert run["status"] == "succeeded"
    error = run["nodes"]["sub"]["error"]
    assert (error["code"], error["message"], error["details"]) == ("E.42", "stop ends here", {"a": 1})


async def test_a_code_by_which_nodes_are_tried_again_is_none_of_a_graph(service: Service) -> None:
    run = await service.run(graph([control("stop", "flow.fail", code={"$input": "c"})]), input={"c": "worker_lost"})
    assert run["error"]["code"] == "invalid_params"
    assert run["error"]["message"].startswith("params: the code `worker_lost`")
    answer = await service.http.post("/graphs/validate", json=graph([control("stop", "flow.fail", code="worker_lost")]))
    [fault] = answer.json()["faults"]
    assert (fault["pointer"], fault["code"]) == ("/nodes/0/params", "bad_value")
