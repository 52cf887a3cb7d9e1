"""The workflow `ToolListing`: asks a worker which tools its MCP servers have, for the API, which may be elsewhere."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from wand_orchestrator.contract.mcp import McpCatalogue
from wand_orchestrator.contract.names import ACTIVITY_MCP_SERVERS, WORKFLOW_TOOL_LISTING
from wand_orchestrator.temporal.visibility import summary

ANSWER = timedelta(seconds=60)
"""The activity takes less: it leaves out what a server does not tell in time."""


@workflow.defn(name=WORKFLOW_TOOL_LISTING)
class ToolListing:
    """Lists the MCP servers of a worker of this task queue; its result is a McpCatalogue."""

    @workflow.run
    async def run(self) -> McpCatalogue:
        catalogue: McpCatalogue = await workflow.execute_activity(
            ACTIVITY_MCP_SERVERS,
            activity_id="servers",
            result_type=McpCatalogue,
            start_to_close_timeout=ANSWER,
            retry_policy=RetryPolicy(maximum_attempts=2),
            summary=summary("the tools of the worker's MCP servers"),
        )
        return catalogue
