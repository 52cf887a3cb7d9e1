"""Scripts of models: which rule answers what, and that the examples in the docs are ones."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from wand_orchestrator.models.model_aliases import load_aliases
from wand_orchestrator.scripted_models import Asked, ModelScript, ScriptedAnswer, ScriptedCall, ScriptRule
from wand_orchestrator.scripted_models.asked import asked_of
from wand_orchestrator.settings import Settings

DOCS = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)]

CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is a wand?"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "a", "function": {"name": "search", "arguments": "{}"}},
                {"id": "b", "function": {"name": "search", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "one"},
        {"role": "tool", "tool_call_id": "b", "content": "two"},
    ],
}
RESPONSES = {
    "model": "m",
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": "What is a wand?"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "a", "name": "search", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "search", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "one"},
        {"type": "function_call_output", "call_id": "b", "output": "two"},
    ],
}
ANTHROPIC = {
    "model": "m",
    "system": [{"type": "text", "text": "Be brief."}],
    "messages": [
        {"role": "user", "content": "What is a wand?"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "a", "name": "search", "input": {}},
                {"type": "tool_use", "id": "b", "name": "search", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "one"},
                {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "two"}]},
            ],
        },
    ],
}


def asked(**changes: Any) -> Asked:
    return asked_of("chat", {**CHAT, **changes}, "key")


@pytest.mark.parametrize(
    ("protocol", "body"), [("chat", CHAT), ("responses", RESPONSES), ("anthropic", ANTHROPIC)], ids=str
)
def test_the_same_conversation_is_read_alike_in_every_protocol(protocol: str, body: dict[str, Any]) -> None:
    found = asked_of(protocol, body, "")
    assert (found.instructions, found.prompt, found.last, found.turn) == ("Be brief.", "What is a wand?", "two", 1)
    roles = ["user", "assistant", "call", "call", "result", "result"]
    assert [(said.role, said.text) for said in found.said] == list(
        zip(roles, ["What is a wand?", "I look.", "{}", "{}", "one", "two"], strict=True)
    )


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({}, True),
        ({"model": "m"}, True),
        ({"model": "n"}, False),
        ({"prompt": "wand", "instructions": "brief", "last": "two", "turn": 1, "results": 2}, True),
        ({"last": "one"}, False),
        ({"turn": 0}, False),
        ({"results": 1}, False),
    ],
)
def test_a_rule_fits_if_all_of_its_conditions_do(condition: dict[str, Any], fits: bool) -> None:
    assert ScriptRule(answer=ScriptedAnswer(), **condition).fits(asked()) == fits


def test_the_first_rule_that_fits_answers_as_often_as_it_may() -> None:
    rules = [ScriptRule(answer=ScriptedAnswer(text="first"), times=2), ScriptRule(answer=ScriptedAnswer(text="then"))]
    script = ModelScript(rules)
    assert [script(asked()).text for _ in range(4)] == ["first", "first", "then", "then"]


def test_what_no_rule_answers_is_a_fault_that_says_so() -> None:
    assert ModelScript([])(asked()) == ScriptedAnswer(fault="bad_request", echo="the script has no answer to: two")


def test_the_script_in_the_docs_is_one(tmp_path: Path) -> None:
    [example] = [example for example in EXAMPLES if isinstance(example, list)]
    path = tmp_path / "script.json"
    path.write_text(json.dumps(example))
    script = ModelScript.read(path)
    first = script(asked_of("chat", {"model": "m", "messages": [{"role": "user", "content": "wands"}]}, ""))
    assert first.calls == (ScriptedCall(name="http_fetch", arguments={"url": "https://example.com"}),)


def test_the_aliases_in_the_docs_are_taken(tmp_path: Path) -> None:
    [example] = [example for example in EXAMPLES if isinstance(example, dict)]
    path = tmp_path / "models.json"
    path.write_text(json.dumps(example))
    [alias] = load_aliases(Settings(_env_file=None, models=path)).values()
    assert alias.model_dump(exclude_none=True) == example["fast"]
