"""The tools of an `agent.llm`: names, parts, schemas and what a model is told of results."""

from collections.abc import Sequence

from wand_orchestrator.contract.mcp import McpTool, McpTools
from wand_orchestrator.contract.model_call import DescribedTool, ModelDescription, ModelInfo, ToolCall, ToolDefinition
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.llm_node import LlmParams
from wand_orchestrator.validation.json_schema import Schema
from wand_orchestrator.workflows.control.llm import outcomes
from wand_orchestrator.workflows.control.llm.moved_schema import moved
from wand_orchestrator.workflows.control.llm.parts import call_parts
from wand_orchestrator.workflows.control.llm.toolbox import Toolbox, asked_of_worker, toolbox_of

CALL = ToolCall(id="c", name="search")


def described(*names: str) -> ModelDescription:
    tools = [
        DescribedTool(source=index, definition=ToolDefinition(name=name), agent=name)
        for index, name in enumerate(names)
    ]
    return ModelDescription(model=ModelInfo(model="m:m"), tools=tuple(tools))


def mcp_tool(name: str, **hints: bool) -> McpTool:
    return McpTool(server="github", name=name, parameters={"type": "object"}, digest="d", **hints)


def toolbox(tools: Sequence[object], *names: str) -> Toolbox:
    graph = Graph.model_validate(
        {"name": "refund money", "nodes": [{"id": "a", "type": "x"}], "input_schema": {"a": 1}}
    )
    params = LlmParams.model_validate({"model": "m", "tools": tools})
    listed = McpTools(server="github", tools=(mcp_tool("search_code", read_only=True), mcp_tool("delete.all")))
    return toolbox_of(params, described(*names), {"refund": graph}, {"github": listed})


def test_tools_keep_their_order_and_get_names_that_providers_take() -> None:
    tools = ["http.fetch", {"graph": "refund"}, {"agent": "http_fetch"}, {"mcp": "github"}, {"agent": "x", "name": "y"}]
    box = toolbox(tools, "http.fetch", "http_fetch", "x")
    assert box.names == ["http_fetch", "refund_money", "http_fetch_2", "search_code", "delete_all", "y"]
    assert [box.get(name).target for name in box.names if box.get(name)] == [  # type: ignore[union-attr]
        "http.fetch",
        "refund money",
        "http_fetch",
        "mcp.github.search_code",
        "mcp.github.delete.all",
        "x",
    ]


def test_a_worker_is_asked_only_for_what_is_in_its_registry() -> None:
    params = LlmParams.model_validate({"model": "m", "tools": ["a", {"graph": "g"}, {"mcp": "s"}, {"agent": "b"}]})
    assert [(source.kind, source.name) for source in asked_of_worker(params).tools] == [("tool", "a"), ("agent", "b")]


def test_a_tool_of_an_mcp_server_that_is_not_said_to_be_harmless_waits_for_approval_unless_the_graph_decides() -> None:
    for given, expected in ((None, (False, True)), (True, (True, True)), (False, (False, False))):
        entry = {"mcp": "github"} | ({} if given is None else {"approve": given})
        box = toolbox([entry])
        tools = [box.get("search_code"), box.get("delete_all")]
        assert tuple(tool.approve for tool in tools if tool) == expected


def test_parts_are_named_after_the_tool_and_numbered_from_the_second_call_on() -> None:
    asked = ["search", "look", "search", "\u001b[2J", "x" * 100, "search"]
    assert call_parts("write[2]", asked) == [
        "write[2].search",
        "write[2].look",
        "write[2].search[1]",
        "write[2].__2J",
        "write[2]." + "x" * 64,
        "write[2].search[2]",
    ]


def test_a_large_result_is_cut_to_its_head_and_the_results_of_a_turn_to_their_share() -> None:
    assert outcomes.succeeded(CALL, {"a": 1}, 1).content == {"a": 1}
    alone, among_many = (
        outcomes.succeeded(CALL, "ü" * 200_000, 1).content,
        outcomes.succeeded(CALL, ["x" * 20_000], 100),
    )
    assert len(alone["head"].encode()) <= outcomes.MOST_BYTES
    assert "400000 bytes" in alone["note"]
    assert len(among_many.content["head"]) <= outcomes.MOST_BYTES_OF_A_TURN // 100


def test_a_schema_within_another_one_keeps_what_its_references_mean() -> None:
    tree = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"child": {"$ref": "#"}, "n": {"$ref": "#/$defs/n"}, "k": {"const": {"$ref": "#/$defs/n"}}},
        "$defs": {"n": {"type": "integer"}},
    }
    place = "#/properties/arguments"
    outer = Schema({"type": "object", "properties": {"arguments": moved(tree, place)}})
    assert outer.errors({"arguments": {"child": {"n": 1}, "k": {"$ref": "#/$defs/n"}}}) == []
    assert len(outer.errors({"arguments": {"child": {"n": "x"}}})) == 1
