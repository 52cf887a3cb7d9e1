"""Implements the agent `agent.transform`."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from wand_orchestrator import AgentError, agent
from wand_orchestrator.graphs.expressions import MAX_CHARS, ExpressionError, compile_expression, evaluate


def _parses(expression: str) -> str:
    try:
        compile_expression(expression)
    except ExpressionError as error:
        raise ValueError(error.message) from error
    return expression


class TransformParams(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expression: Annotated[str, AfterValidator(_parses)] = Field(
        min_length=1,
        max_length=MAX_CHARS,
        description="JMESPath over the whole input.",
        json_schema_extra={"format": "jmespath"},
    )


@agent("agent.transform", local=True)
def transform(params: TransformParams, input: dict[str, Any]) -> Any:
    """Reshapes its input by a JMESPath expression. Accepts any keys, returns the result of the expression."""
    try:
        return evaluate(params.expression, input, now=datetime.now(UTC))
    except ExpressionError as error:
        raise AgentError(error.message, code=error.code, retryable=False) from error
