"""Each kind of node that the builder makes, as one would write it by hand; and what a node is given beside it."""

import json
from datetime import UTC, datetime

from typing_extensions import TypedDict

from wand_orchestrator import Graph, GraphBuilder, Retry
from wand_orchestrator.activities.agents.analyze.analyze import analyze
from wand_orchestrator.activities.agents.fetch import FetchParams, fetch
from wand_orchestrator.activities.tools.http_fetch.http_fetch import http_fetch
from wand_orchestrator.builder import ChildGraph, literal, template
from wand_orchestrator.builder import functions as f
from wand_orchestrator.graph import RetryRule, SpendingBudget
from wand_orchestrator.testing import run_graph


class Draft(TypedDict):
    text: str
    score: float


class Paid(TypedDict):
    amount: float


PAID = {
    "title": "Paid",
    "type": "object",
    "properties": {"amount": {"title": "Amount", "type": "number"}},
    "required": ["amount"],
}
TOPIC = {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]}


def test_control_nodes_are_the_documents_that_one_would_write() -> None:
    g = GraphBuilder("control", input=TOPIC)
    g.event("paid", "paid", data=Paid, wait_sec=60, default_data=Paid(amount=0))
    both = g.event("both", "paid", data=Paid, count=2)
    g.wait("pause", seconds=5, after=both)
    g.wait("until", until=datetime(2026, 1, 31, tzinfo=UTC))
    g.wait("later", until=f.add_seconds("2026-01-31T00:00:00Z", both.out[0]["amount"]))
    g.fail("refused", "refused", template("{} is too little", both.out[0]["amount"]), details={"of": both.out})
    g.repeat(
        "draft",
        ChildGraph("improve", returns=Draft),
        until=lambda state: state["score"] > 8,
        state={"text": "", "topic": g.input.topic},
        max_times=5,
    )
    g.repeat("again", "agent.transform", params={"expression": "@"}, until="@ == `1`", max_times=2, first={"n": 1})
    child = g.graph("child", ChildGraph("refund"), input={"amount": both.out[1]["amount"], "topic": g.input.topic})
    g.graph("apart", "report", wait=False, input=child.out)
    g.map("files", ChildGraph("file"), items=["a", "b"], tolerate=0.5)

    document = g.to_document()
    assert document["nodes"] == [
        {
            "id": "paid",
            "type": "flow.event",
            "params": {"name": "paid", "schema": PAID, "timeout_sec": 60, "on_timeout": {"answer": {"amount": 0}}},
        },
        {"id": "both", "type": "flow.event", "params": {"name": "paid", "count": 2, "schema": PAID}},
        {"id": "pause", "type": "flow.wait", "params": {"seconds": 5}},
        {"id": "until", "type": "flow.wait", "params": {"until": "2026-01-31T00:00:00Z"}},
        {"id": "later", "type": "flow.wait", "params": {"until": {"$expr": "until"}}},
        {
            "id": "refused",
            "type": "flow.fail",
            "params": {
                "code": "refused",
                "message": {"$template": "{{ both[0].amount }} is too little"},
                "details": {"of": {"$expr": "both"}},
            },
        },
        {
            "id": "draft",
            "type": "flow.repeat",
            "params": {
                "graph": "improve",
                "until": "score > `8`",
                "state": {"text": "", "topic": {"$input": "topic"}},
                "max_times": 5,
            },
        },
        {
            "id": "again",
            "type": "flow.repeat",
            "params": {
                "agent": "agent.transform",
                "params": {"expression": "@"},
                "until": "@ == `1`",
                "max_times": 2,
            },
            "input": {"n": 1},
        },
        {"id": "child", "type": "flow.graph", "params": {"graph": "refund"}, "input": {"topic": {"$input": "topic"}}},
        {"id": "apart", "type": "flow.graph", "params": {"graph": "report", "wait": False}, "input": {"$expr": "all"}},
        {"id": "files", "type": "flow.map", "params": {"items": ["a", "b"], "graph": "file", "tolerate": 0.5}},
    ]
    assert document["edges"] == [
        {"from": "both", "to": "pause"},
        {"from": "both", "to": "later", "map": {"until": "add_seconds('2026-01-31T00:00:00Z', [0].amount)"}},
        {"from": "both", "to": "refused", "map": {"both": "@"}},
        {"from": "both", "to": "child", "map": {"amount": "[1].amount"}},
        {"from": "child", "to": "apart", "map": {"all": "@"}},
    ]


def test_a_model_has_tools_of_this_process_and_a_prompt_of_values() -> None:
    g = GraphBuilder("llm", input=TOPIC)
    page = g.add(fetch, "page", params=FetchParams(url="https://example.com"))
    g.llm(
        "write",
        model="openai:gpt-5-mini",
        prompt=template("On {} {{}}: {}", g.input.topic, page.out.body),
        tools=[http_fetch, analyze, ChildGraph("refund"), {"mcp": "github"}],
        output=Draft,
        budget=SpendingBudget(usd=1),
    )
    [_, node] = g.to_document()["nodes"]
    assert node["params"]["prompt"] == "On {{ topic }} {}: {{ body }}"
    assert node["params"]["tools"] == ["http.fetch", {"agent": "agent.analyze"}, {"graph": "refund"}, {"mcp": "github"}]
    assert node["params"]["output"]["required"] == ["text", "score"]
    assert node["params"]["budget"] == {"usd": 1.0}
    assert node["input"] == {"topic": {"$input": "topic"}}


def test_all_options_of_a_node_and_of_an_edge_can_be_told() -> None:
    g = GraphBuilder("options", input=TOPIC)
    rules = [RetryRule(codes=("timeout",), retries=1), RetryRule(codes=("*",))]
    first = g.add("acme.foreign", "first", params={"q": g.input.topic}, queue="gpu", heartbeat_sec=5, retry=rules)
    g.add(
        "acme.foreign",
        "second",
        input={"text": first.out.text, "quoted": literal({"$input": "a"})},
        params={"limit": first.out.count},
        queue="gpu",
        retry=Retry(max_interval_sec=5),
        optional=True,
        join="any",
        timeout_sec=3,
        retries=0,
        execution="regular",
        after=[g.start.when(g.input.topic == "wands", map={"topic": g.input.topic}), first.on("failure")],
    )
    last = g.transform("last", "`1`", after=first.on("settled"))
    g.edge(first.when("count > `3`"), last)
    document = g.build()
    assert Graph.model_validate(document).nodes[0].retry == tuple(rules)
    assert document["nodes"][1] == {
        "id": "second",
        "type": "acme.foreign",
        "params": {"limit": {"$expr": "limit"}},
        "input": {"quoted": {"$literal": {"$input": "a"}}},
        "queue": "gpu",
        "retry": {"max_interval_sec": 5.0},
        "optional": True,
        "join": "any",
        "timeout_sec": 3,
        "retries": 0,
        "execution": "regular",
        "takes": ["topic", "text", "quoted"],
    }
    assert document["edges"] == [
        {"from": "$input", "to": "second", "when": "topic == 'wands'", "map": {"topic": "topic"}},
        {"from": "first", "to": "second", "on": "failure"},
        {"from": "first", "to": "second", "map": {"text": "text", "limit": "count"}},
        {"from": "first", "to": "last", "on": "settled"},
        {"from": "first", "to": "last", "when": "count > `3`"},
    ]


def test_what_is_made_of_several_values_is_what_python_would_make() -> None:
    g = GraphBuilder("sums", input={"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]})
    pairs = [{"k": "a", "v": 1}, {"k": "b", "v": 2}]
    one = g.transform("one", json.dumps({"n": 2, "list": pairs}).join("``"))
    two = g.transform("two", {"n": g.input.n, "of": one.out.n})
    large = f.where(one.out.list, lambda each: each.v > 1)
    made = g.transform("made", {"sum": one.out.n + two.out["n"] * 3, "large": large[0].k})
    each = g.map(
        "each",
        "agent.transform",
        items=one.out.list,
        params={"expression": "multiply(v, of)"},
        input=lambda part: {"v": part.item.v, "of": two.out["n"]},
    )
    g.sinks(made, each)
    run = run_graph(g.build(), {"n": 5})
    assert run.outputs["made"] == {"sum": 17, "large": "b"}
    assert run.outputs["each"]["outputs"] == [5, 10]
