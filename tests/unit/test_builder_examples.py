"""The graphs of examples/, built in Python, are the same documents."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wand_orchestrator import Options, Retry
from wand_orchestrator.activities.agents.analyze.analyze import AnalyzeInput, analyze
from wand_orchestrator.activities.agents.chart import ChartInput, chart
from wand_orchestrator.activities.agents.fetch import FetchParams, fetch
from wand_orchestrator.builder import GraphBuilder, expr, given
from wand_orchestrator.builder import functions as f
from wand_orchestrator.contract.model_call import CallSettings
from wand_orchestrator.graph import SpendingBudget
from wand_orchestrator.graphs.llm_node import ToolChoice

EXAMPLES = Path(__file__).parents[2] / "examples"


def approval() -> GraphBuilder:
    g = GraphBuilder("approval")
    draft = g.transform("draft", {"text": "The build is green."})
    review = g.approval(
        "review",
        prompt="May this be sent?",
        answer={"type": "object", "properties": {"send": {"type": "boolean"}}, "required": ["send"]},
        wait_sec=3600,
        default_answer={"send": False},
        after=draft,
    )
    send = g.transform("send", {"sent": draft.out["text"]}, after=[draft, review.when(review.out.send)])
    g.sinks(send)
    return g


def conditions() -> GraphBuilder:
    g = GraphBuilder("conditions")
    orders = g.transform("orders", {"orders": [120, 80, 310, 45, 260]})
    listed = orders.out["orders"]
    totals = g.transform("totals", "{count: length(orders), total: sum(orders)}", input={"orders": listed})
    total = totals.out.total
    large = g.transform("large", {"verdict": "large", "total": total}, after=totals.when(total >= 500))
    small = g.transform("small", {"verdict": "small", "total": total}, after=totals.when(total < 500))
    report = g.transform("report", f.or_(large.out, small.out), join="any")
    g.sinks(report)
    return g


def demo() -> GraphBuilder:
    g = GraphBuilder("demo", options=Options(concurrency=2, default_timeout_sec=10, max_retries=1))
    page = g.add(fetch, "fetch", params=given(FetchParams, url="https://example.com"))
    figures = g.add(analyze, "analyze", params={}, input=given(AnalyzeInput, text=page.out.body))
    drawn = g.add(chart, "chart", params={"spec": {"kind": "line"}}, input={"series": figures.out.insights})
    g.sinks(drawn)
    return g


def fan_out() -> GraphBuilder:
    g = GraphBuilder("fan_out", options=Options(concurrency=4))
    cities = g.transform(
        "cities",
        [{"city": "Oslo", "celsius": 4}, {"city": "Rome", "celsius": 16}, {"city": "Cairo", "celsius": 22}],
    )
    points = g.map(
        "points",
        "agent.transform",
        items=cities.out,
        params={"expression": "{x: city, y: celsius}"},
        concurrency=2,
    )
    drawn = g.add(
        chart,
        "chart",
        params={"spec": {"kind": "bar", "title": "Temperature", "y": "°C"}},
        input=given(ChartInput, series=points.out.outputs),
    )
    g.sinks(drawn)
    return g


def hold() -> GraphBuilder:
    g = GraphBuilder("hold", options=Options(on_failure="pause"))
    page = g.add(fetch, "fetch", params=given(FetchParams, url=g.input.url), timeout_sec=5, retries=0)
    g.transform("count", {"characters": f.length(page.out.body)})
    return g


TOPIC = {
    "type": "object",
    "properties": {
        "topic": {"type": "string", "minLength": 1},
        "sources": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "Addresses of pages."},
        "model": {"type": "string", "default": "openai:gpt-5-mini", "description": "`provider:name`, or an alias."},
    },
    "required": ["topic", "sources"],
    "additionalProperties": False,
}
QUESTIONS = {
    "type": "object",
    "properties": {"questions": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 4}},
    "required": ["questions"],
    "additionalProperties": False,
}
VERDICT = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string"},
        "missing": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    },
    "required": ["verdict", "missing"],
    "additionalProperties": False,
}
PUBLISH = {"type": "object", "properties": {"publish": {"type": "boolean"}}, "required": ["publish"]}


def research() -> GraphBuilder:
    g = GraphBuilder(
        "research",
        input=TOPIC,
        options=Options(
            default_timeout_sec=120, max_retries=2, budget=SpendingBudget(tokens=500000, on_exceeded="pause")
        ),
    )
    model, settings = g.input.model, CallSettings(max_tokens=2000)
    topic, sources = {"topic": g.input.topic}, {"sources": g.input.sources}
    researcher = {
        "model": model,
        "settings": settings,
        "instructions": "You research. Read the sources that can answer the question, and note what they say, "
        "with the address of each.",
        "prompt": "Question: {{ item }}\nSources: {{ join(', ', sources) }}",
        "tools": [ToolChoice(tool="http.fetch", max_calls=5)],
        "max_turns": 8,
    }
    plan = g.llm(
        "plan",
        model=model,
        settings=settings,
        instructions="You plan research. Break the topic into at most four questions that the sources can answer.",
        prompt="Topic: {{ topic }}\nSources: {{ join(', ', sources) }}",
        output=QUESTIONS,
        after=g.start.on("success", map={**topic, **sources}),
    )
    first = g.map(
        "research",
        "agent.llm",
        items=plan.out.questions,
        params=researcher,
        input=lambda part: {"item": part.item, "sources": part.input.sources},
        concurrency=4,
        after=[plan, g.start.on("success", map=sources)],
    )
    texts = expr("outputs[].text", first.out)
    critic = g.llm(
        "critic",
        model=model,
        settings=settings,
        instructions="You criticize research. Say what the notes leave open about the topic, as questions; none if "
        "they will do.",
        prompt="Topic: {{ topic }}\nNotes:\n{{ join('\n', notes) }}",
        output=VERDICT,
        input={"notes": texts},
        after=[first, g.start.on("success", map=topic)],
    )
    missing = critic.out.missing
    again = g.map(
        "again",
        "agent.llm",
        items=missing,
        params=researcher,
        input=lambda part: {"item": part.item, "sources": part.input.sources},
        after=[critic.when(f.length(missing) > 0), g.start.on("success", map=sources)],
    )
    notes = g.transform(
        "notes",
        "{notes: [first, more || `[]`][]}",
        input={"first": texts, "more": expr("outputs[].text", again.out)},
        join="any",
        after=critic,
    )
    review = g.approval("review", prompt="Is the research good enough for a report?", answer=PUBLISH, after=notes)
    write = g.llm(
        "write",
        model=model,
        settings=settings,
        instructions="You write short reports. Use only the notes.",
        prompt="Topic: {{ topic }}\nNotes:\n{{ join('\n', notes) }}",
        input={"notes": notes.out.notes},
        after=[review.when(review.out.publish), notes, g.start.on("success", map=topic)],
    )
    g.sinks(write)
    return g


def retries() -> GraphBuilder:
    g = GraphBuilder("retries", options=Options(run_timeout_sec=60))
    backoff = Retry(
        initial_interval_sec=0.5, backoff_coefficient=2, max_interval_sec=10, non_retryable=("http_status",)
    )
    url = {"url": g.input.url}
    page = g.add("agent.fetch", "fetch", params=url, timeout_sec=5, retries=4, retry=backoff, optional=True)
    found = g.transform(
        "found",
        {"status": page.out.status, "characters": f.length(page.out.body)},
        after=page.when(page.out),
    )
    missing = g.transform("missing", {"status": None}, after=page.when(f.not_(page.out)))
    answer = g.transform("answer", f.or_(found.out, missing.out), join="any")
    g.sinks(answer)
    return g


@pytest.mark.parametrize("build", [approval, conditions, demo, fan_out, hold, research, retries])
def test_an_example_built_in_python_is_the_same_document(build: Callable[[], GraphBuilder[Any]]) -> None:
    graph = build()
    assert graph.build() == json.loads((EXAMPLES / f"{graph.name}.json").read_text())


def test_every_example_is_built_here() -> None:
    names = {path.stem for path in EXAMPLES.glob("*.json")}
    assert names == {"approval", "conditions", "demo", "fan_out", "hold", "research", "retries"}
