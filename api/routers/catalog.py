"""Routes of the agents and tools that graphs can name."""

from fastapi import APIRouter

from wand_orchestrator.api.catalog import AgentList, ToolList, agent_list, tool_list
from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.http.strict_route import StrictRoute
from wand_orchestrator.api.services import ServicesDep

router = APIRouter(route_class=StrictRoute, tags=["catalog"], responses=declared(401))


@router.get("/agents")
async def list_agents(services: ServicesDep) -> AgentList:
    """List all agents and control nodes with the JSON Schemas of their params, inputs and outputs."""
    return agent_list(services.registry)


@router.get("/tools")
async def list_tools(services: ServicesDep) -> ToolList:
    """List all tools with the JSON Schemas of their arguments and results; those of MCP servers as the workers tell."""
    return tool_list(services.registry, await services.mcp.known())
