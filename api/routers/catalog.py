"""Routes of the agents and tools that graphs can name."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.http.strict_route import StrictRoute
from wand_orchestrator.api.services import ServicesDep
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


router = APIRouter(route_class=StrictRoute, tags=["catalog"], responses=declared(401))


@router.get("/agents")
async def list_agents(services: ServicesDep) -> AgentList:
    """List all agents with the JSON Schemas of their params, inputs and outputs."""
    return agent_list(services.registry)


@router.get("/tools")
async def list_tools(services: ServicesDep) -> ToolList:
    """List all tools with the JSON Schemas of their arguments and results."""
    return tool_list(services.registry)


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
