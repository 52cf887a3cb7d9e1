"""Describes tools and agents of the worker as a model is told of them, and how a call of each is carried out."""

from collections.abc import Iterable, Iterator
from typing import Any

from wand_orchestrator._agent import Agent
from wand_orchestrator._tool import Tool
from wand_orchestrator.activities.models.model_services import ModelServices
from wand_orchestrator.contract.model_call import DescribedTool, JsonSchema, ToolDefinition, ToolSource
from wand_orchestrator.contract.names import AGENT_MODEL_TOOL
from wand_orchestrator.errors import AgentError

_REFERENCE = "#/$defs/"


def described_tools(sources: Iterable[ToolSource], services: ModelServices) -> Iterator[DescribedTool]:
    """Yield the tools of these sources. Raises AgentError `unknown_tool` or `agent_missing`."""
    for index, source in enumerate(sources):
        if source.kind == "tool" and source.name in services.tools:
            yield _of_tool(index, services.tools[source.name])
        elif source.kind == "agent" and source.name in services.agents:
            yield _of_agent(index, services.agents[source.name], source.params)
        else:
            raise _unknown(source)


def _unknown(source: ToolSource) -> AgentError:
    if source.kind == "agent":
        return AgentError(f"this worker does not have the agent {source.name!r}", code="agent_missing")
    what = "MCP server" if source.kind == "mcp" else "tool"
    return AgentError(f"this worker does not have the {what} {source.name!r}", code="unknown_tool", retryable=False)


def _of_tool(source: int, tool: Tool) -> DescribedTool:
    return DescribedTool(
        source=source,
        definition=ToolDefinition(name=tool.name, description=tool.description, parameters=tool.params_schema),
        agent=AGENT_MODEL_TOOL,
        params={"tool": tool.name},
    )


def _of_agent(source: int, agent: Agent, given: dict[str, Any]) -> DescribedTool:
    """Describe an agent: the model gives its input, and those of its params that the graph does not give."""
    left = _without(agent.params_schema, given)
    takes_input = _takes_anything(agent.input_schema)
    if not _takes_anything(left):
        parameters, arguments_as = agent.input_schema, "input"
    elif takes_input:
        parameters, arguments_as = _both(left, agent.input_schema), "both"
    else:
        parameters, arguments_as = left, "params"
    return DescribedTool.model_validate(
        {
            "source": source,
            "definition": {"name": agent.name, "description": agent.description, "parameters": parameters},
            "agent": agent.name,
            "params": given,
            "arguments_as": arguments_as,
        }
    )


def _takes_anything(schema: JsonSchema) -> bool:
    return bool(schema.get("properties")) or schema.get("additionalProperties", True) is not False


def _without(schema: JsonSchema, given: dict[str, Any]) -> JsonSchema:
    """Return the schema of the params that are left; when all that it names are given, none is."""
    if not given:
        return schema
    properties = {key: part for key, part in schema.get("properties", {}).items() if key not in given}
    required = [key for key in schema.get("required", ()) if key not in given]
    left = {**schema, "properties": properties, "required": required}
    return left if properties else {**left, "additionalProperties": False}


def _both(params: JsonSchema, input: JsonSchema) -> JsonSchema:
    """Return the schema of an object of params and input. Definitions move to its head, where references find them."""
    parts = {"params": _with_prefix(params, "params."), "input": _with_prefix(input, "input.")}
    definitions: JsonSchema = {}
    for name, part in parts.items():
        definitions |= {f"{name}.{key}": value for key, value in part.pop("$defs", {}).items()}
    required = [name for name, part in parts.items() if part.get("required")]
    head = {"type": "object", "properties": parts, "required": required, "additionalProperties": False}
    return {**head, "$defs": definitions} if definitions else head


def _with_prefix(value: Any, prefix: str) -> Any:
    """Return a schema whose references to definitions have the prefix."""
    if isinstance(value, list):
        return [_with_prefix(member, prefix) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        key: f"{_REFERENCE}{prefix}{member.removeprefix(_REFERENCE)}"
        if key == "$ref" and isinstance(member, str) and member.startswith(_REFERENCE)
        else _with_prefix(member, prefix)
        for key, member in value.items()
    }
