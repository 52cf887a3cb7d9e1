"""Runs nodes that call tools of MCP servers: the tools are listed once a run, and a call is made to what was listed.

The first node that uses a server lists its tools, as an activity of the same id as the call that follows: so a server
that is away is tried again as the node says, and its operator sees it at the node. A later listing of the same server,
by a node that began at the same time, changes nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from temporalio.exceptions import ActivityError, ApplicationError

from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.codes import (
    MCP_CALL_FAILED,
    MCP_CALL_LOST,
    MCP_LIST_INVALID,
    MCP_TOOL_FAILED,
    MCP_TOOL_UNKNOWN,
    SILENT_TYPE,
    TIMED_OUT,
    WORKER_LOST,
    WORKER_SHUTDOWN,
)
from wand_orchestrator.contract.mcp import McpName, McpTool, McpTools
from wand_orchestrator.contract.node import AgentResult
from wand_orchestrator.graph import Node, Options, Retry, RetryRule
from wand_orchestrator.graphs.references import looks_at_own_input
from wand_orchestrator.workflows.arrivals.activity_results import result_of
from wand_orchestrator.workflows.control.base import failure
from wand_orchestrator.workflows.journal.node_failures import NodeFailure, node_failure
from wand_orchestrator.workflows.nodes.agent_activities import Activities

MAY_BE_DONE = (MCP_CALL_LOST, MCP_CALL_FAILED, MCP_TOOL_FAILED, TIMED_OUT)
"""Codes of failures after which the server may have carried the call out."""


class McpCalls:
    """Starts the calls of one run. `before`: what `carry` returned in the previous history."""

    def __init__(
        self, activities: Activities, options: Options, before: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self._activities = activities
        self._options = options
        self._listed = {key: McpTools.model_validate(tools) for key, tools in before.items()}

    def carry(self) -> dict[str, Any]:
        """Return the tools that were listed, for the next history."""
        return {key: tools.model_dump(mode="json") for key, tools in self._listed.items()}

    async def run(
        self, node: Node, name: McpName, params: dict[str, Any], input: dict[str, Any], earlier_attempts: int
    ) -> Any:
        """Call the tool, or list those of a server; return what `result_of` reads. Raises what an agent does."""
        if params:
            raise failure("invalid_params", f"params.{next(iter(params))}: a tool of an MCP server takes its `input`")
        tools, earlier = await self._tools(node, name, earlier_attempts)
        if not name.tool:
            return AgentResult(output=tools.model_dump(mode="json"), attempt=earlier + 1)
        tool = tools.tool(name.tool)
        if tool is None:
            raise _unknown(name, tools)
        return await self._call(node, tool, _taken(node, tool, input), earlier)

    async def _tools(self, node: Node, name: McpName, earlier: int) -> tuple[McpTools, int]:
        """Return the tools, and how many attempts were made before the one that succeeded."""
        key = f"{node.queue or ''}/{name.server}"
        known = self._listed.get(key)
        if known is not None:
            return known, earlier
        given = node.model_copy(update={"type": name.listing})
        result = result_of(await self._activities.start(given, {}, {}, earlier))
        listed = _read(name.server, result.output)
        return self._listed.setdefault(key, listed), max(result.attempt - 1, earlier)

    async def _call(self, node: Node, tool: McpTool, input: dict[str, Any], earlier: int) -> Any:
        once = self._iscalled_once(node, tool)
        given = called_once(node, self._options) if once else node
        try:
            return await self._activities.start(given, {}, input, earlier, pinned=tool.digest)
        except ActivityError as error:
            failed = node_failure(node, self._options, error, earlier)
            if once and failed.failure.code in (WORKER_LOST, WORKER_SHUTDOWN):
                raise _lost_with_worker(tool, failed, earlier) from error
            raise

    def _iscalled_once(self, node: Node, tool: McpTool) -> bool:
        """Return whether no call is repeated that may have been carried out: the node says nothing of retries, and
        the server does not say that a second call changes nothing more.
        """
        return node.retries is None and node.retry is None and not tool.repeatable


def _read(server: str, output: Any) -> McpTools:
    try:
        return McpTools.model_validate(output)
    except ValidationError:
        message = f"what the worker tells of the MCP server {server} is no list of tools"
        raise failure(MCP_LIST_INVALID, message) from None


def _unknown(name: McpName, tools: McpTools) -> ApplicationError:
    known = bounded_text(", ".join(tool.name for tool in tools.tools) or "none", 500)
    message = f"the MCP server {name.server} has no tool {name.tool!r}, or its settings do not allow it"
    return failure(MCP_TOOL_UNKNOWN, f"{message}; there are: {known}")


def _taken(node: Node, tool: McpTool, input: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments; keys that only the node's own references use are left out, if the tool names its own."""
    properties = tool.parameters.get("properties")
    if not isinstance(properties, dict) or not (looks_at_own_input(node.params) or looks_at_own_input(node.input)):
        return input
    return {key: value for key, value in input.items() if key in properties}


def called_once(node: Node, options: Options) -> Node:
    """Return the node with the retries of its graph, but none after a call that may have been carried out."""
    if isinstance(options.retry, Retry):
        never = (*options.retry.non_retryable, *MAY_BE_DONE, SILENT_TYPE)
        return node.model_copy(update={"retry": options.retry.model_copy(update={"non_retryable": never})})
    rules = tuple(
        rule.model_copy(update={"codes": codes})
        for rule in options.retry
        if (codes := tuple(code for code in rule.codes if code not in MAY_BE_DONE))
    )
    return node.model_copy(update={"retry": (RetryRule(codes=MAY_BE_DONE, retries=0), *rules)})


def _lost_with_worker(tool: McpTool, failed: NodeFailure, earlier: int) -> ApplicationError:
    message = f"the call of {tool.type} is lost: {failed.failure.message}; whether it was carried out is not known"
    known = failed.details.model_copy(update={"attempt": failed.attempt or earlier + 1}).model_dump(mode="json")
    return failure(MCP_CALL_LOST, f"{message}, and the server does not say that it may be repeated", known)
