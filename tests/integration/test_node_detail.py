"""What went into a node and came out of it, over HTTP: while its run goes on, after it, and without Temporal."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from tests.integration.foreign_worker import foreign_worker
from tests.integration.graph_cases import FAST_RETRY, echo, edge, emit, fail, flaky, gate, graph
from tests.integration.service import Json, Service, build_service_worker, running_service
from tests.waiting import until
from wand_orchestrator.contract.limits import INLINE_VALUE_BYTES


async def detail(service: Service, run_id: str, node: str) -> Json:
    answer = await service.http.get(f"/runs/{run_id}/nodes/{node}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def given(service: Service, run_id: str, node: str) -> list[Any]:
    """Params, input and output of a node."""
    told = await detail(service, run_id, node)
    return [told["params"], told["input"], told["output"]]


async def stored_graph(service: Service, name: str, nodes: list[Json], edges: list[Json] | None = None) -> str:
    answer = await service.http.post("/graphs", json=graph(nodes, edges) | {"name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["graph_id"])


@pytest.mark.parametrize("execution", ["regular", "local"])
async def test_a_node_shows_its_resolved_params_its_input_and_its_output(service: Service, execution: str) -> None:
    nodes = [
        {"id": "a", "type": "test.emit", "params": {"value": {"$input": "who"}}, "execution": execution},
        echo("b", params={"tone": "dry"}, execution=execution),
    ]

    run = await service.run(graph(nodes, [edge("a", "b", name="first")]), input={"who": {"first": "Ada"}})

    assert await given(service, run["run_id"], "a") == [{"value": {"first": "Ada"}}, {}, {"first": "Ada"}]
    echoed = {"params": {"tone": "dry"}, "input": {"name": "Ada"}}
    assert await given(service, run["run_id"], "b") == [{"tone": "dry"}, {"name": "Ada"}, echoed]


async def test_a_node_in_flight_shows_what_it_was_given(service: Service, tmp_path: Path) -> None:
    waits = gate("b", tmp_path / "open")
    run_id = await service.start(graph([emit("a", 1), waits], [edge("a", "b", x="@")]))

    shown = await until(lambda: detail(service, run_id, "b"), lambda told: told["input"] and told["attempts"])

    assert shown["input"] == {"x": 1}
    assert shown["params"] == waits["params"]
    assert shown["output"] is None
    assert "output" not in shown["values"]
    [attempt] = shown["attempts"]
    assert (attempt["attempt"], attempt["status"], attempt["finished_at"]) == (1, "running", None)
    assert attempt["started_at"] is not None
    (tmp_path / "open").touch()
    await service.ended(run_id)


async def test_items_and_rounds_show_what_each_was_given(service: Service) -> None:
    nodes = [
        emit("items", [{"x": 1}, {"x": 2}]),
        {"id": "m", "type": "flow.map", "params": {"agent": "test.echo", "params": {"p": 9}}},
        {"id": "r", "type": "flow.repeat", "params": {"agent": "test.pass", "until": "@ == `5`", "max_times": 1}},
    ]
    edges = [edge("items", "m", items="@"), edge("items", "r", value="`5`")]

    run = await service.run(graph(nodes, edges))

    assert await given(service, run["run_id"], "m[1]") == [{"p": 9}, {"x": 2}, {"params": {"p": 9}, "input": {"x": 2}}]
    assert await given(service, run["run_id"], "r[0]") == [{}, {"value": 5}, 5]
    whole = await detail(service, run["run_id"], "m")
    assert whole["input"] == {"items": [{"x": 1}, {"x": 2}]}
    assert whole["output"]["outputs"][0] == {"params": {"p": 9}, "input": {"x": 1}}
    assert whole["params"]["agent"] == "test.echo"
    part = await detail(service, run["run_id"], "m[0]")
    assert part["status"] == "succeeded"
    assert [attempt["status"] for attempt in part["attempts"]] == ["succeeded"]


async def test_nodes_of_child_runs_show_what_each_was_given(service: Service) -> None:
    inner = await stored_graph(
        service, "detail-inner", [{"id": "x", "type": "test.emit", "params": {"value": {"$input": "n"}}}]
    )
    outer = await stored_graph(
        service,
        "detail-outer",
        [emit("o", {"n": 4}), {"id": "g", "type": "flow.graph", "params": {"graph": inner}}],
        [edge("o", "g", n="n")],
    )
    nodes = [emit("items", [{"n": 3}]), {"id": "m", "type": "flow.map", "params": {"graph": inner}}]
    nodes += [{"id": "s", "type": "flow.graph", "params": {"graph": outer}}]

    run = await service.run(graph(nodes, [edge("items", "m", items="@")]))

    run_id = run["run_id"]
    assert await given(service, run_id, "m[0]/x") == [{"value": 3}, {}, 3]
    assert await given(service, run_id, "s/g/x") == [{"value": 4}, {}, 4]
    assert await given(service, run_id, "s/g") == [{"graph": inner}, {"n": 4}, {"x": 4}]
    child = (await detail(service, run_id, "m[0]"))["child_run"]
    assert await given(service, child, "x") == [{"value": 3}, {}, 3]


async def test_nodes_of_child_runs_that_have_not_begun_are_pending(service: Service, tmp_path: Path) -> None:
    inner = await stored_graph(service, "ahead", [gate("g", tmp_path / "open"), emit("x", 1)], [edge("g", "x")])
    nodes = [{"id": name, "type": "flow.graph", "params": {"graph": inner}} for name in ("now", "later")]
    items = {"id": "m", "type": "flow.map", "params": {"graph": "ahead", "items": [1, 2], "concurrency": 1}}
    run_id = await service.start(graph([*nodes, items], [edge("now", "later")]))
    await until(lambda: detail(service, run_id, "now"), lambda told: "now/g" in told["parts"])
    await until(lambda: detail(service, run_id, "m"), lambda told: "m[0]/g" in told["parts"])

    for node in ("now/x", "later/g", "later/x", "m[0]/x"):
        shown = await detail(service, run_id, node)
        assert (shown["status"], shown["values"], shown["attempts"]) == ("pending", {}, []), node
        answer = await service.http.get(f"/runs/{run_id}/nodes/{node}/output")
        assert (answer.status_code, answer.json()["code"]) == (404, "value_not_kept"), node
    for node in ("now/none", "later/none", "later/x/y", "m[1]/x", "none/x", "m/x"):
        answer = await service.http.get(f"/runs/{run_id}/nodes/{node}")
        assert (answer.status_code, answer.json()["code"]) == (404, "node_not_found"), node
    (tmp_path / "open").touch()
    assert (await service.ended(run_id))["status"] == "succeeded"
    assert (await detail(service, run_id, "later/x"))["output"] == 1


async def test_every_attempt_is_told_with_its_error_and_where_it_ran(service: Service) -> None:
    options = {"retry": FAST_RETRY}
    run = await service.run(graph([flaky("a", 3, retries=3)], options=options))

    attempts = (await detail(service, run["run_id"], "a"))["attempts"]

    assert [(each["attempt"], each["status"]) for each in attempts] == [(1, "failed"), (2, "failed"), (3, "succeeded")]
    assert [each["error"] and each["error"]["message"] for each in attempts] == [
        "attempt 1 fails",
        "attempt 2 fails",
        None,
    ]
    assert attempts[0]["error"]["exception"]["frames"][-1]["function"] == "flaky"
    for each in attempts:
        assert each["worker"]
        assert each["started_at"] <= each["finished_at"]
        assert each["duration_ms"] is not None
        assert each["queued_ms"] is not None
    assert attempts[0]["next_attempt_at"] is not None


async def test_a_failed_node_shows_what_it_was_given_and_no_output(service: Service) -> None:
    run = await service.run(graph([emit("a", 1), fail("b")], [edge("a", "b", x="@")]))

    shown = await detail(service, run["run_id"], "b")

    assert (shown["input"], shown["output"]) == ({"x": 1}, None)
    assert [(each["status"], each["error"]["code"]) for each in shown["attempts"]] == [("failed", "asked_to_fail")]


async def test_a_node_that_was_skipped_shows_nothing(service: Service) -> None:
    run = await service.run(graph([emit("a", 1), echo("b")], [edge("a", "b", when="`false`")]))

    shown = await detail(service, run["run_id"], "b")

    assert (shown["status"], shown["values"], shown["attempts"]) == ("skipped", {}, [])
    answer = await service.http.get(f"/runs/{run['run_id']}/nodes/b/output")
    assert (answer.status_code, answer.json()["code"]) == (404, "value_not_kept")


@pytest.mark.parametrize("size", [INLINE_VALUE_BYTES - 2, INLINE_VALUE_BYTES - 1, 3_000_000])
async def test_what_is_large_is_fetched_by_its_reference(service: Service, size: int) -> None:
    run = await service.run(graph([{"id": "a", "type": "test.grow", "params": {"bytes": size}}]))

    shown = await detail(service, run["run_id"], "a")
    value = shown["values"]["output"]
    answer = await service.http.get(value["url"])

    assert value["bytes"] == size + 2
    assert shown["output"] == ("x" * size if size + 2 <= INLINE_VALUE_BYTES else None)
    assert answer.json() == "x" * size
    assert answer.headers["content-type"] == "application/json"
    for name, known in (("params", {"bytes": size}), ("input", {})):
        assert (await service.http.get(f"/runs/{run['run_id']}/nodes/a/{name}")).json() == known


async def test_what_is_too_large_to_be_kept_is_told_by_its_size(temporal_client: Client, tmp_path: Path) -> None:
    async with running_service(temporal_client, tmp_path, max_node_value_bytes=1000) as service:
        run = await service.run(graph([{"id": "a", "type": "test.grow", "params": {"bytes": 2000}}]))

        shown = await detail(service, run["run_id"], "a")
        answer = await service.http.get(f"/runs/{run['run_id']}/nodes/a/output")

    assert shown["values"]["output"] == {"bytes": 2002, "url": None}
    assert (answer.status_code, answer.json()["code"]) == (404, "value_not_kept")
    assert "WAND_MAX_NODE_VALUE_BYTES" in answer.json()["detail"]


async def test_nothing_is_kept_where_nothing_is_to_be(temporal_client: Client, tmp_path: Path) -> None:
    async with running_service(temporal_client, tmp_path, max_node_value_bytes=0) as service:
        run = await service.run(graph([emit("a", 1)]))

        shown = await detail(service, run["run_id"], "a")

    assert (shown["status"], shown["values"]) == ("succeeded", {})


async def test_all_of_it_is_there_without_temporal_and_until_the_run_is_deleted(service: Service) -> None:
    run_id = (await service.run(graph([{"id": "a", "type": "test.grow", "params": {"bytes": 100_000}}])))["run_id"]
    await service.services.executions.delete(run_id, (await _execution(service, run_id)), 5)

    async def forgotten() -> bool:
        return await service.services.executions.describe(run_id, 5) is None

    await until(forgotten, bool)
    shown = await detail(service, run_id, "a")
    assert shown["params"] == {"bytes": 100_000}
    assert (await service.http.get(shown["values"]["output"]["url"])).json() == "x" * 100_000

    assert (await service.http.delete(f"/runs/{run_id}")).status_code == 204

    assert (await service.http.get(shown["values"]["output"]["url"])).status_code == 404
    assert await service.store.node_values.get(run_id, run_id, "a") is None


async def test_a_node_that_kept_its_output_in_a_retry_shows_it(service: Service, tmp_path: Path) -> None:
    closed = {"id": "b", "type": "test.gated", "params": {"open": str(tmp_path / "open")}}
    first = await service.run(graph([emit("a", {"x": 1}), closed], [edge("a", "b", x="x")]))
    (tmp_path / "open").touch()

    retried = (await service.http.post(f"/runs/{first['run_id']}/retry")).json()["run_id"]
    await service.ended(retried)

    assert (await detail(service, retried, "a"))["output"] == {"x": 1}
    assert await given(service, retried, "b") == [closed["params"], {"x": 1}, {"x": 1}]


async def test_parts_that_are_not_there_are_404(service: Service) -> None:
    run = await service.run(graph([emit("a", 1)]))

    for node in ("b", "a[0]", "a/b", "a/b/output"):
        answer = await service.http.get(f"/runs/{run['run_id']}/nodes/{node}")
        assert (answer.status_code, answer.json()["code"]) == (404, "node_not_found"), node


async def _execution(service: Service, run_id: str) -> str:
    description = await service.services.executions.describe(run_id, 5)
    assert description is not None
    return description.run_id


async def test_what_only_a_worker_can_tell_is_not_said_to_be_missing(temporal_client: Client, tmp_path: Path) -> None:
    async with running_service(temporal_client, tmp_path, worker=False) as service:
        asks = {"id": "ask", "type": "flow.approval", "params": {}}
        await stored_graph(service, "asks", [asks])
        each = {"id": "m", "type": "flow.map", "params": {"items": [1], "graph": "asks"}}
        async with build_service_worker(service):
            run_id = await service.start(graph([each, asks]))
            shown = await until(lambda: detail(service, run_id, "m"), lambda told: "m[0]/ask" in told["parts"])
            assert shown["total_parts"] == 2

        assert (await detail(service, run_id, "ask"))["total_parts"] == 0
        async with httpx.AsyncClient(base_url=service.url) as impatient:
            for path in ("m", "m[0]/ask", "m[0]/ask/params"):
                answer = await impatient.get(f"/runs/{run_id}/nodes/{path}")
                assert (answer.status_code, answer.json()["missing"]) == (503, "worker"), path
        answer = await service.http.post(f"/runs/{run_id}/nodes/m[0]/ask/link")
        assert (answer.status_code, answer.json()["missing"]) == (503, "worker")


async def test_attempts_after_a_retry_by_somebody_are_told_apart_from_those_before(service: Service) -> None:
    document = graph([flaky("a", 9, retries=1, retry=FAST_RETRY)], options={"on_failure": "pause"})
    run_id = await service.start(document)
    await until(lambda: service.get(run_id), lambda run: run["status"] == "paused")
    assert (await service.http.post(f"/runs/{run_id}/nodes/a/retry")).status_code == 200
    shown = await until(lambda: detail(service, run_id, "a"), lambda told: len(told["attempts"]) == 4)
    assert [(each["attempt"], each["retried"]) for each in shown["attempts"]] == [(1, 0), (2, 0), (1, 1), (2, 1)]
    assert (await service.http.post(f"/runs/{run_id}/cancel")).status_code == 202
    await service.ended(run_id)


async def test_a_node_that_somebody_elses_worker_ran_shows_what_it_was_given_and_gave(service: Service) -> None:
    async with foreign_worker(service.client) as foreign:
        foreign.gives({"output": {"out": 1}})
        node = foreign.node(params={"tone": {"$input": "tone"}}, input={"x": 1})
        run = await service.run(graph([node]), input={"tone": "dry"})
        foreign.raises(ApplicationError("out of paper", type="printer", non_retryable=True))
        failed = await service.run(graph([node]), input={"tone": "dry"})

    assert await given(service, run["run_id"], "a") == [{"tone": "dry"}, {"x": 1}, {"out": 1}]
    assert await given(service, failed["run_id"], "a") == [{"tone": "dry"}, {"x": 1}, None]
    assert (await detail(service, failed["run_id"], "a"))["error"]["code"] == "printer"


@pytest.mark.parametrize("execution", ["regular", "local"])
async def test_a_secret_that_an_exception_quotes_is_told_nowhere(service: Service, execution: str) -> None:
    secret = ["hunt", "er2"]
    node = {"id": "a", "type": "test.refused", "params": {"secret": secret}, "execution": execution, "retries": 1}
    run = await service.run(graph([node], options={"retry": FAST_RETRY}))

    shown = await detail(service, run["run_id"], "a")
    history = await service.client.get_workflow_handle(run["run_id"]).fetch_history()

    assert run["error"]["message"] == "cannot log in: user=ada password=*** port=5432"
    assert [each["error"]["message"] for each in shown["attempts"]] == [run["error"]["message"]] * 2
    told = [run, shown, await service.events(run["run_id"]), *(str(event) for event in history.events)]
    assert not [each for each in told if "".join(secret) in str(each)]
