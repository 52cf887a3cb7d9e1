"""Agents and tools as the API and `wand agents` show them: what graphs can name."""

from typing import Any

from pydantic import BaseModel, Field

from wand_orchestrator.api.tools.mcp_agents import output_of
from wand_orchestrator.api.tools.worker_tools import McpAnswer
from wand_orchestrator.contract.mcp import McpTool
from wand_orchestrator.graphs.control_node import ControlNode
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.plugins import Registry


class Described(BaseModel):
    name: str
    description: str
    params_schema: dict[str, Any]
    output_schema: dict[str, Any]


class AgentView(Described):
    input_schema: dict[str, Any]
    tools: list[str]


class McpHints(BaseModel):
    """What an MCP server says of its tool; null where it says nothing."""

    read_only: bool | None
    destructive: bool | None
    idempotent: bool | None


class ToolView(Described):
    mcp: McpHints | None = Field(description="Of a tool of an MCP server, whose name is the type of a node.")


class McpServerView(BaseModel):
    """An MCP server of a worker. `error`: why its tools are not known now."""

    name: str
    tools: int
    error: str | None


class ControlNodeView(Described):
    """A control node, which the workflow carries out itself. `input_schema`: null where it takes what the agent or the
    graph takes that it runs.
    """

    input_schema: dict[str, Any] | None


class AgentList(BaseModel):
    agents: list[AgentView]
    control_nodes: list[ControlNodeView] = Field(description="The types that a node can have besides agents.")


class ToolList(BaseModel):
    tools: list[ToolView]
    mcp_servers: list[McpServerView]
    mcp_error: str | None = Field(description="Why nothing is known of the MCP servers of the workers now.")


def agent_list(registry: Registry) -> AgentList:
    """By name."""
    known = sorted(registry.agents.values(), key=lambda agent: agent.name)
    return AgentList(
        agents=[
            AgentView(
                name=agent.name,
                description=agent.description,
                params_schema=agent.params_schema,
                input_schema=agent.input_schema,
                output_schema=agent.output_schema,
                tools=list(agent.tools),
            )
            for agent in known
        ],
        control_nodes=[_control_view(node) for _, node in sorted(CONTROL_NODES.items())],
    )


def _control_view(node: ControlNode) -> ControlNodeView:
    return ControlNodeView(
        name=node.name,
        description=" ".join((node.params.__doc__ or "").split()),
        params_schema=node.params.model_json_schema(),
        input_schema=None if node.input is None else dict(node.input),
        output_schema=dict(node.output_of({})),
    )


def tool_list(registry: Registry, mcp: McpAnswer | None = None) -> ToolList:
    """By name. `mcp`: what is known of the MCP servers of the workers."""
    mcp = mcp or McpAnswer()
    known = sorted(registry.tools.values(), key=lambda tool: tool.name)
    servers = sorted(mcp.catalogue.servers, key=lambda server: server.name)
    return ToolList(
        tools=[
            ToolView(
                name=tool.name,
                description=tool.description,
                params_schema=tool.params_schema,
                output_schema=tool.output_schema,
                mcp=None,
            )
            for tool in known
        ]
        + [_mcp_view(tool) for server in servers for tool in sorted(server.tools, key=lambda tool: tool.name)],
        mcp_servers=[
            McpServerView(name=server.name, tools=len(server.tools), error=server.error) for server in servers
        ],
        mcp_error=mcp.unknown or None,
    )


def _mcp_view(tool: McpTool) -> ToolView:
    hints = McpHints(read_only=tool.read_only, destructive=tool.destructive, idempotent=tool.idempotent)
    return ToolView(
        name=tool.type,
        description=tool.description,
        params_schema=tool.parameters,
        output_schema=output_of(tool),
        mcp=hints,
    )
