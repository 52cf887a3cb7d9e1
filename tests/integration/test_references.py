"""References in params and input, through the API, by what the agents are given."""

import uuid

from tests.integration.graph_cases import echo, edge, emit, graph
from tests.integration.page_server import serve_page
from tests.integration.service import Service


async def test_a_page_that_an_earlier_node_found_is_fetched(service: Service) -> None:
    async with serve_page("found", "text/plain") as url:
        page = {"id": "page", "type": "agent.fetch", "params": {"url": {"$expr": "link"}}}
        nodes = [emit("search", {"results": [{"url": url}]}), page]

        run = await service.run(graph(nodes, [edge("search", "page", link="results[0].url")]))

    assert run["result"]["outputs"]["page"]["body"] == "found"


async def test_a_run_that_temporal_starts_with_a_graph_of_its_own_hands_no_key_on_that_only_references_use(
    service: Service,
) -> None:
    """Nobody who knows the agents has seen the graph before, nor those that it brings along."""
    part = graph([{"id": "inner", "type": "test.narrow", "input": {"x": {"$expr": "link"}, "link": 2}}])
    nodes = [
        {"id": "a", "type": "test.narrow", "input": {"x": {"$expr": "link"}}},
        {"id": "b", "type": "flow.graph", "params": {"graph": "part"}},
        {"id": "open", "type": "test.echo", "input": {"y": {"$template": "{{ x }}"}, "x": 3}},
    ]
    order = {"graph": graph([emit("s", 7), *nodes], [edge("s", "a", link="@")]), "subgraphs": {"part": part}}
    queue = service.settings.task_queue

    run = await service.client.execute_workflow("GraphRun", order, id=f"hand-{uuid.uuid4().hex}", task_queue=queue)

    assert run["outputs"] == {
        "a": {"params": {}, "input": {"x": 7}},
        "b": {"inner": {"params": {}, "input": {"x": 2}}},
        "open": {"params": {}, "input": {"x": 3, "y": "3"}},
    }


async def test_input_and_params_of_a_node_come_from_the_run_and_from_edges(service: Service) -> None:
    node = echo(
        "a",
        params={"text": {"$template": "{{ who }}: {{ n }} of {{ all }}"}, "as_is": {"$literal": {"$expr": "who"}}},
        input={"who": {"$input": "name"}, "twice": {"$expr": "[n, n]"}},
    )

    run = await service.run(
        graph([emit("s", {"n": 1, "all": [1, 2]}), node], [edge("s", "a", n="n", all="all")]), {"name": "Ada"}
    )

    assert run["result"]["outputs"]["a"] == {
        "params": {"text": "Ada: 1 of [1,2]", "as_is": {"$expr": "who"}},
        "input": {"n": 1, "all": [1, 2], "who": "Ada", "twice": [1, 1]},
    }


async def test_a_question_holds_what_was_found(service: Service) -> None:
    ask = {
        "id": "ask",
        "type": "flow.approval",
        "params": {
            "prompt": {"$template": "Pay {{ sum }}?"},
            "timeout_sec": 0.01,
            "on_timeout": {"answer": {"$expr": "sum"}},
        },
    }

    run = await service.run(graph([emit("bill", {"sum": 7}), ask], [edge("bill", "ask", sum="sum")]))

    assert run["result"]["outputs"] == {"ask": 7}
    [waiting] = [event for event in await service.events(run["run_id"], node="ask") if event["type"] == "node.waiting"]
    assert waiting["message"] == "Pay 7?"


async def test_a_reference_that_cannot_be_evaluated_fails_its_node_and_says_where(service: Service) -> None:
    nodes = [emit("s", {"n": "x"}), echo("a", params={"v": {"$expr": "abs(n)"}}), echo("b", input={"$input": "@"})]
    edges = [edge("s", "a", n="n")]

    run = await service.run(graph(nodes, edges, options={"on_failure": "continue"}), [1])

    assert run["status"] == "failed"
    a, b = run["nodes"]["a"]["error"], run["nodes"]["b"]["error"]
    assert (a["code"], b["code"]) == ("expression", "invalid_input")
    assert a["message"].startswith("params: 'abs(n)' cannot be evaluated")
    assert b["message"] == "input: it must give an object, as the input of a node is one"
