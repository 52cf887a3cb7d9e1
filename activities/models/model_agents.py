"""Defines the internal agents by which `agent.llm` asks of models and tools, calls a model, and runs a tool."""

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
    with needs_extra("llm"):
        from wand_orchestrator.activities.models.model_turn import describe

    return ModelDescription(
        model=await describe(params.model, ctx.models), tools=tuple(described_tools(params.tools, ctx.models))
    )


@internal_agent(AGENT_MODEL_TURN)
async def call_model(params: ModelTurn, ctx: InternalContext) -> ModelReply:
    """Calls a model once, and keeps what was said in the conversation of the run."""
    with needs_extra("llm"):
        from wand_orchestrator.activities.models.model_turn import take_turn

    return await take_turn(params, ctx)


@internal_agent(AGENT_MODEL_TOOL)
async def run_tool(params: ToolRun, input: dict[str, Any], ctx: InternalContext) -> Any:
    """Runs one tool of the registry."""
    return await ctx.run_tool(params.tool, input)
