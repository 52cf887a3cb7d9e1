"""Defines the internal agents by which `agent.llm` asks of models and tools, calls a model, and runs a tool."""

import asyncio
from importlib import import_module
from typing import Any

from wand_orchestrator._agent import internal_agent
from wand_orchestrator.activities.extras import needs_extra
from wand_orchestrator.activities.models.described_tools import described_tools
from wand_orchestrator.activities.runner.context import InternalContext
from wand_orchestrator.contract.model_call import DescribeModel, ModelDescription, ModelReply, ModelTurn, ToolRun
from wand_orchestrator.contract.names import AGENT_MODEL_DESCRIBE, AGENT_MODEL_TOOL, AGENT_MODEL_TURN


@internal_agent(AGENT_MODEL_DESCRIBE)
async def describe_model(params: DescribeModel, ctx: InternalContext) -> ModelDescription:
    """Tells what is known of a model, and how tools and agents of this worker are called."""
    turns = await _turns()
    return ModelDescription(
        model=await turns.describe(params.model, ctx.models), tools=tuple(described_tools(params.tools, ctx.models))
    )


@internal_agent(AGENT_MODEL_TURN)
async def call_model(params: ModelTurn, ctx: InternalContext) -> ModelReply:
    """Calls a model once, and keeps what was said in the conversation of the run."""
    reply: ModelReply = await (await _turns()).take_turn(params, ctx)
    return reply


@internal_agent(AGENT_MODEL_TOOL)
async def run_tool(params: ToolRun, input: dict[str, Any], ctx: InternalContext) -> Any:
    """Runs one tool of the registry."""
    return await ctx.run_tool(params.tool, input)


async def _turns() -> Any:
    """Import the module that calls models, which takes a second or two, beside the loop that other agents run on.
    Raises AgentError `extra_missing`.
    """
    with needs_extra("llm"):
        return await asyncio.to_thread(import_module, "wand_orchestrator.activities.models.model_turn")
