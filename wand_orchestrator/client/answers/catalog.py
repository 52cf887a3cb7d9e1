"""Models of what the API answers about agents and tools."""

from typing import Any

from pydantic import Field

from wand_orchestrator.client.answers.answer import Answer


class AgentView(Answer):
    """An agent that graphs can name."""

    name: str
    description: str
    params_schema: dict[str, Any]
    output_schema: dict[str, Any]
    input_schema: dict[str, Any]
    tools: list[str]


class ControlNodeView(Answer):
    """A control node, which the workflow carries out itself. `input_schema`: null where it takes what the agent or the
    graph takes that it runs.
    """

    name: str
    description: str
    params_schema: dict[str, Any]
    output_schema: dict[str, Any]
    input_schema: dict[str, Any] | None = None


class AgentList(Answer):
    """All agents, and the types that a node can have besides."""

    agents: list[AgentView]
    control_nodes: list[ControlNodeView] = Field(default_factory=list)


class McpHints(Answer):
    """What an MCP server says of its tool; null where it says nothing."""

    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None


class ToolView(Answer):
    """A tool that graphs can name."""

    name: str
    description: str
    params_schema: dict[str, Any]
    output_schema: dict[str, Any]
    mcp: McpHints | None = None


class McpServerView(Answer):
    """An MCP server of a worker. `error`: why its tools are not known now."""

    name: str
    tools: int
    error: str | None = None


class ToolList(Answer):
    """All tools, and the MCP servers of the workers."""

    tools: list[ToolView]
    mcp_servers: list[McpServerView]
    mcp_error: str | None = None
