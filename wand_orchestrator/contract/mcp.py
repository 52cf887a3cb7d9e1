"""Defines what workers tell of MCP servers and their tools, and under which names graphs use them.

`mcp.<server>.<tool>` is the type of a node that calls a tool, and the type of its activity; `mcp.<server>` is the type
of the activity that lists the tools of a server, once a run. The name of a server has no dot, that of a tool may have
some.
"""

from typing import Any, NamedTuple

from pydantic import Field

from wand_orchestrator.contract.message import Message
from wand_orchestrator.contract.model_call import ToolDefinition

MCP_PREFIX = "mcp."

MCP_OUTPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "All texts of the result; the head of them if they were cut."},
        "structured": {"description": "The structured result; null if there is none, or if it was cut."},
        "artifacts": {
            "type": "array",
            "description": "Files that were saved with the run: images, sounds, resources, and what was cut.",
            "items": {
                "type": "object",
                "properties": {
                    "url": {"type": "string"},
                    "media_type": {"type": "string"},
                    "bytes": {"type": "integer"},
                    "of": {"type": "string", "description": "`text`, `structured`, or the URI of a resource."},
                },
                "required": ["url", "media_type", "bytes", "of"],
            },
        },
        "links": {
            "type": "array",
            "description": "Resources that the result names and does not contain.",
            "items": {
                "type": "object",
                "properties": {"uri": {"type": "string"}, "name": {"type": "string"}},
                "required": ["uri", "name"],
            },
        },
        "cut": {"type": "boolean", "description": "Whether text or structured content is in an artifact as a whole."},
    },
    "required": ["text", "structured", "artifacts", "links", "cut"],
}
"""JSON Schema of the output of a node that calls a tool."""


class McpName(NamedTuple):
    """The parts of `mcp.<server>.<tool>`; `tool` is empty in `mcp.<server>`."""

    server: str
    tool: str

    @property
    def listing(self) -> str:
        """The type of the activity that lists the tools of the server."""
        return f"{MCP_PREFIX}{self.server}"


def mcp_name(type: str) -> McpName | None:
    """Return the server and the tool that a node's type names; None if it names neither."""
    if not type.startswith(MCP_PREFIX):
        return None
    server, _, tool = type.removeprefix(MCP_PREFIX).partition(".")
    return McpName(server, tool) if server else None


class McpTool(Message):
    """A tool of an MCP server, as the server describes it; secrets of the server's settings are masked in it."""

    server: str
    name: str
    description: str = ""
    parameters: dict[str, Any] = Field(description="JSON Schema of its arguments.")
    output: dict[str, Any] | None = Field(default=None, description="JSON Schema of its structured result.")
    read_only: bool | None = Field(
        default=None, description="`readOnlyHint` of the server; null where it says nothing."
    )
    destructive: bool | None = Field(default=None, description="`destructiveHint` of the server.")
    idempotent: bool | None = Field(default=None, description="`idempotentHint` of the server.")
    digest: str = Field(description="Of all that the server says of it; another one is another tool.")

    @property
    def type(self) -> str:
        """The type of a node that calls it."""
        return f"{MCP_PREFIX}{self.server}.{self.name}"

    @property
    def definition(self) -> ToolDefinition:
        """The tool as a model is told of it, under its own name."""
        return ToolDefinition(name=self.name, description=self.description, parameters=self.parameters)

    @property
    def repeatable(self) -> bool:
        """Whether a second call with the same arguments changes nothing more, as far as the server says."""
        return bool(self.read_only or self.idempotent)

    @property
    def asks_first(self) -> bool:
        """Whether a person approves a model's call by default. MCP takes a tool for destructive that says nothing."""
        return not self.read_only and self.destructive is not False


class McpTools(Message):
    """Output of the activity `mcp.<server>`: the tools that the server has and its settings allow."""

    server: str
    tools: tuple[McpTool, ...] = ()

    def tool(self, name: str) -> McpTool | None:
        return next((tool for tool in self.tools if tool.name == name), None)


class McpServerState(Message):
    """What a worker knows of one of its servers. `error`: why its tools are not known now."""

    name: str
    tools: tuple[McpTool, ...] = ()
    error: str | None = None


class McpCatalogue(Message):
    """Result of the activity `wand.mcp_servers`: all servers of the worker."""

    servers: tuple[McpServerState, ...] = ()
