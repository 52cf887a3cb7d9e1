"""What an `agent.llm` names, as the check of a graph sees it."""

from typing import Any

import checked_agents
import pytest

from wand_orchestrator.models.model_catalog import ModelCatalog
from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import Checked, Known, check_graph
from wand_orchestrator.validation.mcp_types import McpServersKnown

AGENTS = Registry.of(checked_agents).agents
CATALOG = ModelCatalog({}, {"OPENAI_API_KEY": "k"})
KNOWN = Known(tools=["acme.search"], model_fault=CATALOG.fault)
MCP = McpServersKnown(frozenset({"github"}), unknown="")
MODEL = {"model": "openai:gpt-5-mini"}


def checked(params: Any, **node: Any) -> Checked:
    document = {"name": "g", "nodes": [{"id": "n", "type": "agent.llm", "params": params, **node}]}
    return check_graph(document, AGENTS, max_nodes=9, max_edges=9, known=KNOWN, mcp=MCP)


def faults(params: dict[str, Any], **node: Any) -> list[tuple[str, str]]:
    return [(fault.pointer.removeprefix("/nodes/0/params"), fault.code) for fault in checked(params, **node).faults]


def test_a_node_with_all_params_and_every_kind_of_tool_has_no_fault() -> None:
    params = {
        **MODEL,
        "instructions": {"$template": "Be {{ mood }}."},
        "prompt": "Topic: {{ topic }}",
        "tools": [
            "acme.search",
            {"tool": "acme.search", "name": "look", "description": "Looks.", "approve": False},
            {"agent": "check.search", "params": {"query": "x"}},
            {"graph": "refund", "approve": True, "max_calls": 1},
            {"mcp": "github", "only": ["search_*"]},
        ],
        "output": {"type": "object", "properties": {"text": {"type": "string"}}},
        "max_turns": 3,
        "settings": {"temperature": 0, "max_tokens": 100},
    }
    found = checked(params, input={"topic": "x", "mood": "kind"})
    assert (found.faults, found.warnings) == ((), ())


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [("", "missing_key")]),
        ({"model": "gpt"}, [("/model", "unknown_model_alias")]),
        ({"model": "opnai:gpt"}, [("/model", "unknown_provider")]),
        ({**MODEL, "base_url": "http://x"}, [("/base_url", "unknown_key")]),
        ({**MODEL, "settings": {"extra_headers": {}}}, [("/settings/extra_headers", "unknown_key")]),
        ({**MODEL, "max_turns": 0}, [("/max_turns", "out_of_range")]),
        ({**MODEL, "tools": ["acme.serch"]}, [("/tools/0", "unknown_tool")]),
        ({**MODEL, "tools": [{"agent": "check.serch"}]}, [("/tools/0/agent", "unknown_agent")]),
        ({**MODEL, "tools": [{"mcp": "gitlab"}]}, [("/tools/0/mcp", "unknown_mcp_server")]),
        ({**MODEL, "tools": [{"tool": "acme.search", "graph": "g"}]}, [("/tools/0", "bad_value")]),
        ({**MODEL, "tools": [{"tool": "acme.search", "only": ["x"]}]}, [("/tools/0", "bad_value")]),
        (
            {**MODEL, "tools": [{"agent": "check.search", "params": {"qery": 1}}]},
            [("/tools/0/params/qery", "unknown_param")],
        ),
        ({**MODEL, "output": {"type": "objekt"}}, [("/output", "answer_schema")]),
        ({**MODEL, "prompt": "{{ topic"}, [("/prompt", "expression_syntax")]),
        ({**MODEL, "prompt": "{{ topik }}"}, [("/prompt", "impossible_expression")]),
    ],
)
def test_each_fault_names_its_place(params: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(params, input={"topic": "x"}) == expected


def test_a_provider_without_a_key_here_is_a_warning_as_another_worker_may_have_it() -> None:
    found = checked({"model": "anthropic:claude-sonnet-4-5"})
    assert [(each.pointer, each.code) for each in found.warnings] == [("/nodes/0/params/model", "model_key_missing")]
    assert found.graph is not None


def test_what_another_queue_may_know_is_a_warning() -> None:
    found = checked({**MODEL, "tools": ["other.tool", {"agent": "other.agent"}]}, queue="gpu")
    assert [each.code for each in found.warnings] == ["unknown_tool", "unknown_agent"]
    assert found.graph is not None


@pytest.mark.parametrize("type", ["flow.map", "flow.repeat"])
def test_a_conversation_that_is_a_part_is_checked_alike(type: str) -> None:
    more = {"items": [1]} if type == "flow.map" else {"until": "@", "max_times": 2}
    params = {"agent": "agent.llm", "params": {"model": "gpt", "prompt": "{{ x", "tools": ["no"], "x": 1}, **more}
    document = {"name": "g", "nodes": [{"id": "n", "type": type, "params": params}]}
    found = check_graph(document, AGENTS, max_nodes=9, max_edges=9, known=KNOWN, mcp=MCP).faults
    assert [(each.pointer.removeprefix("/nodes/0/params/params"), each.code) for each in found] == [
        ("/x", "unknown_key"),
        ("/model", "unknown_model_alias"),
        ("/tools/0", "unknown_tool"),
        ("/prompt", "expression_syntax"),
    ]


def test_what_a_structured_answer_declares_is_known_to_edges() -> None:
    params = {**MODEL, "output": {"type": "object", "properties": {"title": {"type": "string"}}}}
    nodes = [
        {"id": "n", "type": "agent.llm", "params": params},
        {"id": "m", "type": "check.search", "params": {"query": {"$expr": "t"}}},
    ]
    for path, expected in (("title", []), ("titel", ["impossible_expression"])):
        document = {"name": "g", "nodes": nodes, "edges": [{"from": "n", "to": "m", "map": {"t": path}}]}
        found = check_graph(document, AGENTS, max_nodes=9, max_edges=9, known=KNOWN, mcp=MCP)
        assert [each.code for each in found.faults] == expected


@pytest.mark.parametrize(
    ("budget", "pointer", "message"),
    [
        ({}, "", "give `tokens`, `usd` or both"),
        ({"usd": 0}, "/usd", "must be more than 0"),
        ({"tokens": 0.5}, "/tokens", "must be a whole number"),
        ({"usd": 1, "on_exceeded": "wait"}, "/on_exceeded", "'fail' or 'pause'"),
        ({"eur": 1, "usd": 1}, "/eur", "eur"),
    ],
)
def test_budgets_of_runs_and_nodes_are_checked(budget: dict[str, Any], pointer: str, message: str) -> None:
    node = {"id": "n", "type": "agent.llm", "params": {**MODEL, "budget": budget}}
    document = {"name": "g", "nodes": [node], "options": {"budget": budget}}
    checked = check_graph(document, AGENTS, max_nodes=9, max_edges=9, known=KNOWN, mcp=MCP)
    found = {fault.pointer: fault.message for fault in checked.faults}
    for place in ("/options/budget", "/nodes/0/params/budget"):
        assert message in found.get(f"{place}{pointer}", ""), found
