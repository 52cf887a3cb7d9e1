"""The activities by which runs use MCP servers: one that tells of all servers, and one for whatever `mcp.…` names.

The tools of a server are known once it answers, so no activity is registered for each: Temporal's dynamic activity
takes those that no other has, and the Web UI shows the type that was asked for.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from wand_orchestrator._agent import Agent, AgentContext
from wand_orchestrator.activities.extras import needs_extra
from wand_orchestrator.activities.runner.runner import AgentServices, attempt
from wand_orchestrator.contract.mcp import McpCatalogue, McpName, mcp_name
from wand_orchestrator.contract.names import ACTIVITY_MCP_SERVERS
from wand_orchestrator.contract.node import AgentCall, AgentResult
from wand_orchestrator.errors import AgentError, ConfigurationError

if TYPE_CHECKING:
    from wand_orchestrator.activities.mcp.servers import McpServers

AnyActivity = Callable[..., Awaitable[Any]]

_NOT_REGISTERED = "NotFoundError"
"""The type by which the SDK says the same, without a dynamic activity."""

_OBJECT: TypeAdapter[Any] = TypeAdapter(dict[str, Any])
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True)
class McpActivities:
    """What MCP adds to a worker. `for_nodes`: of every task queue; `for_api`: of the worker's own.

    `running`: a block that the worker runs in.
    """

    for_nodes: Sequence[AnyActivity]
    for_api: Sequence[AnyActivity]
    running: Callable[[], AbstractAsyncContextManager[None]]


def mcp_activities(services: AgentServices) -> McpActivities:
    """Return the activities for the servers of the worker's settings. Raises ConfigurationError."""
    if services.settings.mcp_config is None:
        return McpActivities((), (_no_servers,), nullcontext)
    try:
        with needs_extra("mcp"):
            from wand_orchestrator.activities.mcp.servers import servers_of
    except AgentError as error:
        raise ConfigurationError(f"WAND_MCP_CONFIG is set, and {error.message}") from error
    servers = servers_of(services.settings)
    inside = replace(services, host=None, secrets=servers.secrets)
    return McpActivities((_tool_activity(servers, inside),), (_catalogue_activity(servers),), servers.running)


@activity.defn(name=ACTIVITY_MCP_SERVERS)
async def _no_servers() -> McpCatalogue:
    return McpCatalogue()


def _catalogue_activity(servers: "McpServers") -> AnyActivity:
    @activity.defn(name=ACTIVITY_MCP_SERVERS)
    async def mcp_servers() -> McpCatalogue:
        return await servers.catalogue()

    return mcp_servers


def _tool_activity(servers: "McpServers", services: AgentServices) -> AnyActivity:
    @activity.defn(dynamic=True)
    async def tool(arguments: Sequence[RawValue]) -> AgentResult:
        type = activity.info().activity_type
        name = mcp_name(type)
        if name is None:
            raise _missing(type)
        [given] = activity.payload_converter().from_payloads([arguments[0].payload], [AgentCall])
        return await attempt(_agent(type, name, servers, given.pinned), services, given)

    return tool


def _missing(type: str) -> ApplicationError:
    """Return the error of a worker without a dynamic activity."""
    return ApplicationError(f"Activity function {type} is not registered on this worker", type=_NOT_REGISTERED)


def _agent(type: str, name: McpName, servers: "McpServers", pinned: str | None) -> Agent:
    """Return the agent that lists the tools of a server, or that calls one of them."""

    async def list_tools(input: dict[str, Any], ctx: AgentContext) -> Any:
        server = servers.server(name.server)
        listed = await server.tools(await server.connection())
        return listed.model_dump(mode="json")

    async def call_tool(input: dict[str, Any], ctx: AgentContext) -> Any:
        from wand_orchestrator.activities.mcp.tool_call import McpCall

        return await McpCall(servers.server(name.server), name.tool, pinned, ctx).result(input)

    return Agent(
        name=type,
        description="",
        function=call_tool if name.tool else list_tools,
        tools=(),
        params_type=None,
        input_type=_OBJECT,
        output_type=_ANYTHING,
        takes_context=True,
        is_async=True,
        params_schema={},
        input_schema={},
        output_schema={},
    )
