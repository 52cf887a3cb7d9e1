"""Agents and tools as the API and `wand agents` show them: what graphs can name."""

from typing import Any

from pydantic import BaseModel

from wand_orchestrator.plugins import Registry


class Described(BaseModel):
    name: str
    description: str
    params_schema: dict[str, Any]
    output_schema: dict[str, Any]


class AgentView(Described):
    input_schema: dict[str, Any]
    tools: list[str]


class ToolView(Described):
    pass


class AgentList(BaseModel):
    agents: list[AgentView]


class ToolList(BaseModel):
    tools: list[ToolView]


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
        ]
    )


def tool_list(registry: Registry) -> ToolList:
    """By name."""
    known = sorted(registry.tools.values(), key=lambda tool: tool.name)
    return ToolList(
        tools=[
            ToolView(
                name=tool.name,
                description=tool.description,
                params_schema=tool.params_schema,
                output_schema=tool.output_schema,
            )
            for tool in known
        ]
    )
