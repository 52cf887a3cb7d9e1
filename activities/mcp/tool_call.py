"""Calls a tool of an MCP server for an attempt of a node."""

import asyncio
from functools import lru_cache
from typing import Any

from mcp.client.session import ClientSession
from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from wand_orchestrator._agent import AgentContext
from wand_orchestrator.activities.mcp.failures import invalid_result
from wand_orchestrator.activities.mcp.plain_text import shown
from wand_orchestrator.activities.mcp.results import Result
from wand_orchestrator.activities.mcp.server import Connection, McpServer
from wand_orchestrator.contract.codes import MCP_TOOL_FAILED, MCP_TOOL_UNKNOWN
from wand_orchestrator.contract.mcp import McpTool
from wand_orchestrator.errors import AgentError
from wand_orchestrator.validation.json_schema import Schema, UnusableSchema
from wand_orchestrator.validation.schema_errors import first_misfit


@lru_cache(maxsize=512)
def _compiled(schema: bytes) -> Schema:
    """Return the compiled schema, kept, as compiling one takes longer than most calls. Raises UnusableSchema."""
    return Schema(from_json(schema))


class McpCall:
    """One call. `pinned`: the digest of the tool as the run first saw it; None to take it as it is."""

    def __init__(self, server: McpServer, tool: str, pinned: str | None, ctx: AgentContext) -> None:
        self._server = server
        self._tool = tool
        self._pinned = pinned
        self._ctx = ctx

    async def result(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the output of the node. Raises AgentError. Cancelling this cancels the call at the server."""
        connection = await self._server.connection()
        tool = self._checked((await self._server.tools(connection)).tool(self._tool))
        await asyncio.to_thread(self._check_arguments, tool, arguments)
        answer = await self._answer(connection, arguments)
        result = Result(answer, self._server.mask)
        if answer.is_error:
            raise AgentError(
                f"{tool.type} reports a failure: {shown(result.text) or 'it says no more'}", code=MCP_TOOL_FAILED
            )
        await asyncio.to_thread(self._check_structured, tool, result.structured)
        return await result.output(self._ctx)

    def _checked(self, tool: McpTool | None) -> McpTool:
        """Return the tool, if the server still has it as the run knows it."""
        name = self._server.config.name
        if tool is None and self._pinned is None:
            raise AgentError(
                f"the MCP server {name} has no tool {self._tool}, or its settings do not allow it",
                code=MCP_TOOL_UNKNOWN,
                retryable=False,
            )
        if tool is None or self._pinned not in (None, tool.digest):
            raise AgentError(
                f"the MCP server {name} {'no longer has' if tool is None else 'now describes otherwise'} its tool "
                f"{self._tool}, which this run uses as it was when the run first asked for it: start another run",
                code="mcp_tools_changed",
                retryable=False,
            )
        return tool

    def _check_arguments(self, tool: McpTool, arguments: dict[str, Any]) -> None:
        try:
            misfit = first_misfit(_compiled(to_json(tool.parameters)).errors(arguments), "the input")
        except UnusableSchema as reason:
            misfit = f"it cannot be checked: {reason}"
        if misfit:
            raise AgentError(f"{tool.type}: {misfit}", code="invalid_input", retryable=False)

    def _check_structured(self, tool: McpTool, structured: Any) -> None:
        if tool.output is None:
            return
        try:
            misfit = first_misfit(_compiled(to_json(tool.output)).errors(structured), "it")
        except UnusableSchema as reason:
            misfit = f"it cannot be checked: {reason}"
        if misfit:
            raise invalid_result(tool.type, f"its structured result does not fit its own schema: {misfit}")

    async def _answer(self, connection: Connection, arguments: dict[str, Any]) -> CallToolResult:
        try:
            asked = self._asked(connection.client.session, arguments)
            return await self._server.answer(connection, self._tool, asked)
        except ValidationError as error:
            reason = f"it has {error.error_count()} faults against MCP's own schema"
            raise invalid_result(f"mcp.{self._server.config.name}.{self._tool}", reason) from None

    async def _asked(self, session: ClientSession, arguments: dict[str, Any]) -> CallToolResult:
        # Not `call_tool`, which checks results against schemas of the server without a bound.
        return await session.send_request(
            CallToolRequest(params=CallToolRequestParams(name=self._tool, arguments=arguments)),
            CallToolResult,
            progress_callback=self._progress,
        )

    async def _progress(self, progress: float, total: float | None, message: str | None) -> None:
        if total:
            told = shown(self._server.mask.foreign_text(message or ""))
            await self._ctx.progress(100 * progress / total, told)
