"""The MCP servers of a worker, by name."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from wand_orchestrator.activities.env_file import agent_environment
from wand_orchestrator.activities.mcp.config import ServerConfig, read_config
from wand_orchestrator.activities.mcp.mcp_limits import STATE_SEC
from wand_orchestrator.activities.mcp.plain_text import shown
from wand_orchestrator.activities.mcp.sdk_logs import quiet_sdk
from wand_orchestrator.activities.mcp.server import McpServer
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.contract.mcp import McpCatalogue, McpServerState
from wand_orchestrator.errors import AgentError
from wand_orchestrator.settings import Settings


class McpServers:
    """Opens servers when they are first needed, and closes them with the worker."""

    def __init__(self, servers: Mapping[str, McpServer], secrets: tuple[str, ...] = ()) -> None:
        self._servers = dict(servers)
        self.secrets = secrets

    @classmethod
    def of(cls, configs: tuple[ServerConfig, ...], settings: Settings) -> "McpServers":
        """Return the servers; what one of them must not tell is masked in what any of them tells."""
        secrets = tuple(secret for config in configs for secret in config.secrets)
        mask = Mask.of(settings, *secrets)
        return cls({config.name: McpServer(config, mask) for config in configs}, secrets)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Close the servers at the end of the block."""
        quiet_sdk()
        try:
            yield
        finally:
            await asyncio.gather(*(server.close() for server in self._servers.values()))

    def server(self, name: str) -> McpServer:
        """Return the server. Raises AgentError `mcp_server_unknown`."""
        if name not in self._servers:
            known = ", ".join(sorted(self._servers)) or "none"
            raise AgentError(
                f"this worker has no MCP server {shown(name, 64)}: its WAND_MCP_CONFIG names {known}",
                code="mcp_server_unknown",
                retryable=False,
            )
        return self._servers[name]

    async def catalogue(self) -> McpCatalogue:
        """Return all servers with their tools, or with the reasons why those are not known now."""
        return McpCatalogue(servers=tuple(await asyncio.gather(*map(_state, self._servers.values()))))


async def _state(server: McpServer) -> McpServerState:
    name = server.config.name
    try:
        async with asyncio.timeout(STATE_SEC):
            listed = await server.tools(await server.connection())
    except TimeoutError:
        return McpServerState(name=name, error=f"the MCP server {name} did not tell its tools within {STATE_SEC:g} s")
    except AgentError as error:
        return McpServerState(name=name, error=error.message)
    return McpServerState(name=name, tools=listed.tools)


def servers_of(settings: Settings) -> McpServers:
    """Return the servers that the worker's settings name; none without `WAND_MCP_CONFIG`. Raises ConfigurationError."""
    configs = () if settings.mcp_config is None else read_config(settings.mcp_config, agent_environment(settings))
    return McpServers.of(configs, settings)
