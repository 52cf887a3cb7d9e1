"""What items and rounds are given by the references of their control node, and child runs by theirs."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import echo, edge, emit, graph
from tests.integration.graph_runs import Runs, serve
from tests.integration.long_runs import beside_many, diary, histories, short_ones_end
from tests.integration.page_server import serve_page
from tests.integration.service import Json, Service
from tests.integration.test_control_nodes import control, mapped, parts_of, store


def each(**params: Any) -> Json:
    return control("each", "flow.map", **params)


async def test_the_pages_of_a_list_in_the_runs_input_are_fetched_by_one_node(service: Service) -> None:
    async with serve_page("here", "text/plain") as url:
        node = each(agent="agent.fetch", items={"$input": "urls"}, params={"url": {"$expr": "item"}}, tolerate=1)

        run = await service.run(graph([node]), {"urls": [url, f"{url}b", "ftp://x"]})

    outputs = run["result"]["outputs"]["each"]
    assert [page and page["body"] for page in outputs["outputs"]] == ["here", "here", None]
    assert outputs["failed"] == [2]
    assert (outputs["errors"][0]["index"], outputs["errors"][0]["code"]) == (2, "invalid_url")


async def test_each_item_is_given_what_the_references_find(service: Service) -> None:
    node = each(
        agent="test.echo",
        params={"text": {"$template": "{{ index }}: {{ name }} of {{ topic }}"}, "all": {"$expr": "item"}},
        input={"n": {"$expr": "index"}, "who": {"$input": "who"}, "topic": {"$expr": "topic"}},
    )
    node["input"] = {"topic": {"$expr": "from_edge"}}
    nodes = [emit("s", {"items": [{"name": "a", "topic": "own"}, {"name": "b"}], "t": "shared"}), node]

    run = await service.run(graph(nodes, [edge("s", "each", items="items", from_edge="t")]), {"who": "Ada"})

    assert run["result"]["outputs"]["each"]["outputs"] == [
        {
            "params": {"text": "0: a of own", "all": {"name": "a", "topic": "own"}},
            "input": {"n": 0, "who": "Ada", "topic": "own"},
        },
        {
            "params": {"text": "1: b of shared", "all": {"name": "b"}},
            "input": {"n": 1, "who": "Ada", "topic": "shared"},
        },
    ]


async def test_an_item_whose_references_cannot_be_resolved_fails_by_itself_and_says_why(service: Service) -> None:
    node = each(agent="test.echo", params={"n": {"$expr": "abs(item)"}}, tolerate=2)

    run = await service.run(mapped([-1, "x"], node))

    outputs = run["result"]["outputs"]["each"]
    assert outputs["outputs"][0]["params"] == {"n": 1}
    [error] = outputs["errors"]
    assert (error["index"], error["code"]) == (1, "expression")
    assert error["message"].startswith("params: 'abs(item)' cannot be evaluated")
    part = (await parts_of(service, run["run_id"], "each"))["each[1]"]
    assert (part["status"], part["error"]["code"]) == ("failed", "expression")


async def test_what_an_item_brings_is_no_reference(service: Service) -> None:
    run = await service.run(
        mapped([{"$literal": {"$expr": "secret"}}], each(agent="test.echo", params={"v": {"$expr": "item"}}))
    )
    assert run["result"]["outputs"]["each"]["outputs"][0]["params"] == {"v": {"$expr": "secret"}}


async def test_each_item_is_resolved_as_it_starts(service: Service, tmp_path: Path) -> None:
    """The references of all items together are more than one evaluation may take."""
    node = each(agent="test.echo", params={"n": {"$expr": "length(wide[*].[@, @])"}})
    node["input"] = {"wide": {"$expr": "range"}}
    nodes = [emit("s", {"items": list(range(12)), "range": list(range(15_000))}), node]

    run = await service.run(graph(nodes, [edge("s", "each", items="items", range="range")]))

    assert [output["params"] for output in run["result"]["outputs"]["each"]["outputs"]] == [{"n": 15_000}] * 12


async def test_a_round_sees_the_last_output_and_what_every_round_needs(service: Service) -> None:
    node = control(
        "again",
        "flow.repeat",
        agent="agent.transform",
        params={"expression": "{n: n, text: text}"},
        input={"n": {"$expr": "sum([n || `0`, step])"}, "text": {"$template": "{{ text }}{{ index }}{{ topic }}"}},
        until="n >= `9`",
        max_times=5,
    )
    node["input"] = {"step": {"$input": "step"}, "topic": "x"}

    run = await service.run(graph([node]), {"step": 3})

    assert run["result"]["outputs"]["again"] == {
        "output": {"n": 9, "text": "0x1x2x"},
        "times": 3,
        "satisfied": True,
    }


async def test_the_input_of_a_run_is_handed_down_to_children(service: Service) -> None:
    name = f"child-{uuid.uuid4().hex}"
    await store(service, name, [echo("a", params={"v": {"$input": "topic"}})])
    whole = {"id": "whole", "type": "flow.graph", "params": {"graph": name}, "input": {"$input": "@"}}
    parts = each(graph=name, items=[1, 2], input={"topic": {"$template": "{{ item }} {{ of }}"}})
    parts["input"] = {"of": {"$input": "topic"}}
    rounds = control("rounds", "flow.repeat", graph=name, input={"topic": {"$expr": "t"}}, until="a", max_times=2)
    rounds["input"] = {"t": {"$input": "topic"}}

    run = await service.run(graph([whole, parts, rounds]), {"topic": "x"})

    outputs = run["result"]["outputs"]
    assert outputs["whole"]["a"]["params"] == {"v": "x"}
    assert [output["a"]["params"]["v"] for output in outputs["each"]["outputs"]] == ["1 x", "2 x"]
    assert outputs["rounds"]["output"]["a"]["params"] == {"v": "x"}


@pytest.fixture
async def short(short_histories: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Runs]:
    """Runs that go on in a new history after 60 events."""
    async for runs in serve(short_histories.client, tmp_path / "data"):
        yield runs


async def test_what_references_gave_comes_into_the_next_history_and_what_is_left_is_resolved_there(
    short: Runs, tmp_path: Path
) -> None:
    folder = diary(tmp_path)
    held = {"open": str(tmp_path / "open"), "folder": str(folder)}
    item = {**held, "value": {"$template": "{{ item }} {{ word }}"}}
    round = {**held, "value": {"$expr": "{n: sum([n || `0`, step])}"}}
    nodes: list[Json] = [
        emit("s", {"items": [1, 2, 3, 4], "word": "edge"}),
        {"id": "one", "type": "test.gate", "params": {**held, "value": {"$template": "{{ word }}"}}, "takes": []},
        {"id": "each", "type": "flow.map", "params": {"agent": "test.gate", "concurrency": 3, "params": item}},
        {
            "id": "rounds",
            "type": "flow.repeat",
            "params": {"agent": "test.gate", "params": round, "until": "n == `6`", "max_times": 3},
            "input": {"step": {"$input": "step"}},
        },
    ]
    for node in nodes[2:]:
        node["takes"] = []
    edges = [edge("s", "one", word="word"), edge("s", "each", items="items", word="word")]
    handle = await short.start(beside_many(*nodes, edges=edges), {"step": 3})
    await short_ones_end(handle)
    assert await histories(short, handle) > 2
    (tmp_path / "open").touch()
    result = await handle.result()
    assert result.outputs["one"] == "edge"
    assert result.outputs["each"]["outputs"] == ["1 edge", "2 edge", "3 edge", "4 edge"]
    assert result.outputs["rounds"] == {"output": {"n": 6}, "times": 2, "satisfied": True}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"items": {"$input": "gone"}}, "`items` must be a list, and is null"),
        ({"items": {"$input": "secret"}}, "params.items: Input should be a valid list"),
        (
            {"items": [], "concurrency": {"$input": "none"}},
            "params.concurrency: Input should be greater than or equal to 1",
        ),
    ],
)
async def test_a_param_that_does_not_fit_when_the_run_has_come_there_is_named_without_its_value(
    service: Service, params: dict[str, Any], message: str
) -> None:
    run = await service.run(graph([each(agent="test.echo", **params)]), {"secret": "s3cr3t", "none": 0})
    assert run["error"]["message"] == message
