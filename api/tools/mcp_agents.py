"""Makes tools of MCP servers agents, as the checks of graphs know them; nothing runs them here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from pydantic import TypeAdapter

from wand_orchestrator._agent import Agent
from wand_orchestrator.contract.mcp import MCP_OUTPUT, MCP_PREFIX, McpCatalogue, McpTool, McpTools
from wand_orchestrator.errors import InternalError

_NONE: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
_OPEN = ("additionalProperties", "patternProperties", "propertyNames", "anyOf", "oneOf", "allOf", "$ref", "if")
_TYPE: TypeAdapter[Any] = TypeAdapter(dict[str, Any])
_LISTING = McpTools.model_json_schema(mode="serialization")


class McpAgents:
    """Keeps an agent as long as its tool is described in the same way, as compiling its schema takes milliseconds."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Agent] = {}

    def of(self, catalogue: McpCatalogue) -> Mapping[str, Agent]:
        """Return the agents of all tools, by type, and one for each server, which lists its tools."""
        tools = [tool for server in catalogue.servers for tool in server.tools]
        self._known = {key: self._known.get(key) or _agent_of(tool) for tool in tools for key in [_key(tool)]}
        servers = {f"{MCP_PREFIX}{server.name}": _lister(f"{MCP_PREFIX}{server.name}") for server in catalogue.servers}
        return MappingProxyType(servers | {agent.name: agent for agent in self._known.values()})


def _key(tool: McpTool) -> tuple[str, str]:
    return tool.type, tool.digest


def _agent_of(tool: McpTool) -> Agent:
    return _agent(tool.type, tool.description, _closed(tool.parameters), output_of(tool))


def _lister(type: str) -> Agent:
    return _agent(type, "Lists the tools of an MCP server.", _NONE, _LISTING)


def _agent(name: str, description: str, input: dict[str, Any], output: dict[str, Any]) -> Agent:
    return Agent(
        name=name,
        description=description,
        function=_not_here,
        tools=(),
        params_type=None,
        input_type=_TYPE,
        output_type=_TYPE,
        takes_context=False,
        is_async=False,
        params_schema=dict(_NONE),
        input_schema=input,
        output_schema=output,
    )


def output_of(tool: McpTool) -> dict[str, Any]:
    """Return the JSON Schema of the node's output, with that of the structured result, unless it refers to itself."""
    if tool.output is None or _refers(tool.output):
        return MCP_OUTPUT
    structured = {"anyOf": [tool.output, {"type": "null"}]}
    return {**MCP_OUTPUT, "properties": {**MCP_OUTPUT["properties"], "structured": structured}}


def _refers(schema: Any) -> bool:
    """Return whether there is a reference in the schema, which would lead nowhere at another place."""
    if isinstance(schema, dict):
        return "$ref" in schema or "$dynamicRef" in schema or any(map(_refers, schema.values()))
    return isinstance(schema, list) and any(map(_refers, schema))


def _closed(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the arguments; a tool that names some and says nothing of others is taken to accept no
    others, so that a slip in a graph is found.
    """
    if "properties" not in parameters or any(key in parameters for key in _OPEN):
        return parameters
    return {**parameters, "additionalProperties": False}


def _not_here(**_: Any) -> NoReturn:
    raise InternalError("a tool of an MCP server runs in a worker")
