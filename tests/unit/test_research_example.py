"""The research team of the examples: what each of its members is told, and when it is sent back."""

import json
from pathlib import Path
from typing import Any

from wand_orchestrator.testing import AskedTurn, FinishedRun, ScriptedModel, calls, run_graph

GRAPH = json.loads((Path(__file__).parents[2] / "examples" / "research.json").read_text())
INPUT = {"topic": "wands", "sources": ["http://a", "http://b"]}


def note(asked: AskedTurn) -> Any:
    if not asked.outcomes:
        return calls(("http_fetch", {"url": "http://a"}))
    return f"{asked.prompt.splitlines()[0]} {asked.outcomes[0].content}"


def team(missing: list[str]) -> ScriptedModel:
    return ScriptedModel(
        {
            "plan": [{"questions": ["q1", "q2"]}],
            "research": note,
            "critic": [{"verdict": "so so", "missing": missing}],
            "again": note,
            "write": ["The report."],
        }
    )


def run(model: ScriptedModel, *, publish: bool = True) -> FinishedRun:
    return run_graph(GRAPH, INPUT, models=model, tools={"http.fetch": "page"}, answers={"review": {"publish": publish}})


def test_the_critic_sends_back_what_is_missing_and_the_writer_gets_all_notes() -> None:
    model = team(["q3"])
    done = run(model)
    assert done.outputs == {"write": {"text": "The report."}}, done.error
    asked = next(asked for asked in model.asked if asked.node == "write")
    assert asked.prompt == "Topic: wands\nNotes:\n" + "\n".join(f"Question: q{n} page" for n in (1, 2, 3))
    assert next(asked for asked in model.asked if asked.node == "again[0]").tools == ("http_fetch",)


def test_nobody_is_sent_back_where_nothing_is_missing_and_nothing_is_written_that_is_refused() -> None:
    done = run(team([]))
    assert (done.nodes["again"].status, done.outputs["write"]["text"]) == ("skipped", "The report.")
    refused = run(team([]), publish=False)
    assert refused.result is not None
    assert (refused.status, refused.result.skipped) == ("succeeded", ("write",))
