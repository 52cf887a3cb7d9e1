"""What the API keeps of what workers tell of their MCP servers."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wand_orchestrator.api.tools.mcp_agents import McpAgents, output_of
from wand_orchestrator.api.tools.worker_tools import WorkerTools, mcp_types_in
from wand_orchestrator.contract.mcp import MCP_OUTPUT, McpCatalogue, McpServerState, McpTool
from wand_orchestrator.errors import Unavailable

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}}


def tool(name: str = "echo", digest: str = "1", **more: Any) -> McpTool:
    return McpTool(server="odd", name=name, digest=digest, **{"parameters": TEXT, **more})


def catalogue(*tools: McpTool) -> McpCatalogue:
    return McpCatalogue(servers=(McpServerState(name="odd", tools=tools), McpServerState(name="away", error="it is")))


async def test_callers_at_the_same_time_share_one_question_and_later_ones_its_answer() -> None:
    asked = 0

    async def ask(seconds: float) -> McpCatalogue:
        nonlocal asked
        asked += 1
        return catalogue(tool())

    tools = WorkerTools(ask)
    answers = await asyncio.gather(*(tools.known() for _ in range(5)), tools.known(["mcp.odd.echo"]))
    assert asked == 1
    assert {id(answer) for answer in answers} == {id(await tools.known(["mcp.odd.echo"]))}
    assert answers[0].agents.keys() == {"mcp.odd", "mcp.away", "mcp.odd.echo"}
    assert answers[0].servers.names == frozenset({"odd", "away"})
    assert answers[0].servers.away == {"away": "it is"}
    assert asked == 1


async def test_a_worker_that_does_not_answer_is_told_of() -> None:
    async def ask(seconds: float) -> McpCatalogue:
        raise Unavailable("worker", "nobody is there")

    assert (await WorkerTools(ask).known()).unknown == "nobody is there"


async def test_a_question_under_way_ends_with_the_application() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def ask(seconds: float) -> McpCatalogue:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return McpCatalogue()

    tools = WorkerTools(ask)
    asking = asyncio.create_task(tools.known())
    await begun.wait()
    await tools.close()
    assert ended.is_set()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


def test_an_agent_is_kept_as_long_as_its_tool_is_described_in_the_same_way() -> None:
    agents = McpAgents()
    first = agents.of(catalogue(tool()))["mcp.odd.echo"]
    assert agents.of(catalogue(tool()))["mcp.odd.echo"] is first
    assert agents.of(catalogue(tool(digest="2")))["mcp.odd.echo"] is not first


@pytest.mark.parametrize(
    ("parameters", "closed"),
    [
        (TEXT, True),
        ({"type": "object"}, False),
        (TEXT | {"additionalProperties": {"type": "string"}}, False),
        (TEXT | {"anyOf": [{"required": ["text"]}]}, False),
    ],
)
def test_a_tool_that_names_its_arguments_takes_no_others(parameters: dict[str, Any], closed: bool) -> None:
    agent = McpAgents().of(catalogue(tool(parameters=parameters)))["mcp.odd.echo"]
    assert (agent.input_schema.get("additionalProperties") is False) == closed


def test_the_structured_result_has_the_schema_of_the_tool_unless_it_refers_to_itself() -> None:
    output = output_of(tool(output={"type": "object", "required": ["a"]}))
    assert output["properties"]["structured"]["anyOf"] == [{"type": "object", "required": ["a"]}, {"type": "null"}]
    assert output_of(tool(output={"$defs": {"A": {}}, "properties": {"a": {"$ref": "#/$defs/A"}}})) == MCP_OUTPUT


def test_types_are_found_wherever_a_graph_may_name_them() -> None:
    nodes = [
        {"type": "mcp.a.b"},
        {"type": "agent.fetch"},
        {"type": "flow.map", "params": {"agent": "mcp.c.d", "agents": ["mcp.e.f", "x"]}},
        {"type": "agent.llm", "params": {"tools": ["http.fetch", {"mcp": "g", "only": ["*"]}, {"agent": "h"}]}},
    ]
    assert mcp_types_in({"nodes": nodes}) == {"mcp.a.b", "mcp.c.d", "mcp.e.f", "mcp.g"}


KEYS = st.sampled_from(["nodes", "type", "params", "agents", "tools", "mcp"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["mcp.a.b", "mcp.", "mcp"]),
    lambda child: st.lists(child) | st.dictionaries(KEYS, child),
)


@given(JSON)
def test_no_document_stops_the_search(document: Any) -> None:
    assert all(name.startswith("mcp.") for name in mcp_types_in(document))
