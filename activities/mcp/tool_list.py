"""Takes the tools of an MCP server: all pages, within bounds, without those that Wand cannot use."""

import asyncio
import hashlib
import json
import logging
from typing import Any

from mcp.client.session import ClientSession
from mcp_types import PaginatedRequestParams, Tool, ToolAnnotations
from pydantic import ValidationError

from wand_orchestrator._signature import check_name
from wand_orchestrator.activities.mcp.config import ServerConfig
from wand_orchestrator.activities.mcp.failures import invalid_list, unavailable
from wand_orchestrator.activities.mcp.mcp_limits import (
    LIST_SEC,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_LIST_BYTES,
    MAX_PAGES,
    MAX_TOOLS,
)
from wand_orchestrator.activities.mcp.plain_text import shown
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.contract.mcp import MCP_PREFIX, McpTool, McpTools
from wand_orchestrator.errors import PluginError
from wand_orchestrator.validation.json_schema import Schema, UnusableSchema

logger = logging.getLogger(__name__)


async def tools_of(session: ClientSession, config: ServerConfig, mask: Mask) -> McpTools:
    """Return the tools that the server has and its settings allow, with secrets masked. Raises AgentError, MCPError."""
    try:
        async with asyncio.timeout(LIST_SEC):
            listed = await _all_pages(session, config)
    except TimeoutError:
        raise unavailable(config.name, f"it did not list its tools within {LIST_SEC:g} s") from None
    except ValidationError as error:
        raise invalid_list(config.name, f"{error.error_count()} faults against MCP's own schema") from None
    return await asyncio.to_thread(_usable, listed, config, mask)


async def _all_pages(session: ClientSession, config: ServerConfig) -> list[Tool]:
    listed: list[Tool] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
        listed += page.tools
        if len(listed) > MAX_TOOLS:
            raise invalid_list(config.name, f"it has more than {MAX_TOOLS} tools")
        cursor = page.next_cursor
        if not cursor:
            return listed
    raise invalid_list(config.name, f"its list has more than {MAX_PAGES} pages")


def _usable(listed: list[Tool], config: ServerConfig, mask: Mask) -> McpTools:
    """Runs in a thread: checking hundreds of schemas takes as long as a call."""
    tools: dict[str, McpTool] = {}
    size = 0
    for tool in listed:
        if not config.allows(tool.name):
            continue
        known = _described(tool, config, mask)
        if known is None or known.name in tools:
            continue
        size += len(known.model_dump_json())
        if size > MAX_LIST_BYTES:
            reason = f"the descriptions of its tools take more than {MAX_LIST_BYTES} bytes: allow fewer of them"
            raise invalid_list(config.name, reason)
        tools[known.name] = known
    return McpTools(server=config.name, tools=tuple(tools.values()))


def _described(tool: Tool, config: ServerConfig, mask: Mask) -> McpTool | None:
    """Return the tool; None for one that Wand cannot use, which is logged."""
    try:
        check_name("tool", f"{MCP_PREFIX.upper()}{config.name}.{tool.name}")
        parameters = mask.json(tool.input_schema)
        if parameters.get("type") != "object":
            raise UnusableSchema("its arguments are no object")
        Schema(parameters)
    except (PluginError, UnusableSchema) as reason:
        logger.warning(
            "MCP server %s: the tool %s is left out: %s", config.name, shown(tool.name, 100), shown(str(reason))
        )
        return None
    hints = tool.annotations or ToolAnnotations()
    return McpTool(
        server=config.name,
        name=tool.name,
        description=mask.text((tool.description or tool.title or "")[:MAX_DESCRIPTION_CHARACTERS]),
        parameters=parameters,
        output=_output_schema(tool, config, mask),
        read_only=hints.read_only_hint,
        destructive=hints.destructive_hint,
        idempotent=hints.idempotent_hint,
        digest=_digest(tool),
    )


def _output_schema(tool: Tool, config: ServerConfig, mask: Mask) -> dict[str, Any] | None:
    """Return the schema of structured results; None for one that cannot be used, against which nothing is checked."""
    if tool.output_schema is None:
        return None
    output: dict[str, Any] = mask.json(tool.output_schema)
    try:
        Schema(output)
    except UnusableSchema as reason:
        logger.warning("MCP server %s: results of %s are not checked: %s", config.name, tool.name, shown(str(reason)))
        return None
    return output


def _digest(tool: Tool) -> str:
    told = tool.model_dump(mode="json", exclude={"icons", "meta"})
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]
