"""Makes the request of a turn: the messages, the tools and the settings that a model is called with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition as OfferedTool
from pydantic_core import to_json

from wand_orchestrator.activities.models.model_building import BEDROCK
from wand_orchestrator.contract.model_call import JsonSchema, ModelTurn, ToolDefinition, ToolOutcome
from wand_orchestrator.errors import AgentError
from wand_orchestrator.models.model_catalog import NamedModel

ANSWER_TOOL = "final_result"
"""The tool by which a model hands over a structured answer, where its provider has no other way."""

WRAPPED = "result"
"""The key of a structured answer that is no object; providers take objects only."""

_TAKEN_BY_ALL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}")
_OUTCOMES: Mapping[str, Literal["success", "failed", "denied", "interrupted"]] = {
    "succeeded": "success",
    "failed": "failed",
    "refused": "denied",
    "skipped": "interrupted",
    "cancelled": "interrupted",
}


@dataclass(frozen=True)
class WireNames:
    """The names of a turn's tools as providers take them: of letters, digits, `_` and `-`, at most 64."""

    by_tool: Mapping[str, str]

    @classmethod
    def of(cls, tools: Sequence[ToolDefinition]) -> "WireNames":
        by_tool: dict[str, str] = {}
        used = {ANSWER_TOOL, *(tool.name for tool in tools if _TAKEN_BY_ALL.fullmatch(tool.name))}
        for tool in tools:
            fits = _TAKEN_BY_ALL.fullmatch(tool.name) and tool.name != ANSWER_TOOL
            by_tool[tool.name] = tool.name if fits else next(name for name in _spellings(tool.name) if name not in used)
            used.add(by_tool[tool.name])
        return cls(by_tool)

    def tool(self, wire: str) -> str:
        """Return the tool's own name; a name that the model made up is returned as it is."""
        return next((tool for tool, name in self.by_tool.items() if name == wire), wire)


def _spellings(name: str) -> Iterator[str]:
    plain = re.sub(r"[^a-zA-Z0-9_-]", "_", name)
    plain = plain if re.match("[a-zA-Z_]", plain) else f"_{plain}"
    yield plain[:64]
    number = 2
    while True:
        yield f"{plain[:56]}_{number}"
        number += 1


def new_request(turn: ModelTurn, before: Sequence[ModelMessage], names: WireNames) -> ModelRequest:
    """Return the message that a turn adds. Raises AgentError `invalid_params` for a turn that adds nothing, and unless
    every call of the model has exactly one outcome.
    """
    parts: list[ModelRequestPart] = [_returned(outcome, names) for outcome in turn.outcomes]
    open_calls = _open_calls(before)
    told = [outcome.id for outcome in turn.outcomes]
    if sorted(told) != sorted(id for id, tool in open_calls.items() if tool != ANSWER_TOOL or id in told):
        raise _invalid("outcomes: each call of the model needs exactly one, and nothing else has one")
    answers = [id for id, tool in open_calls.items() if id not in told]
    parts += [ToolReturnPart(ANSWER_TOOL, turn.prompt or "", id, outcome="failed") for id in answers]
    if turn.prompt is not None and not answers:
        parts.append(UserPromptPart(turn.prompt))
    if not parts:
        raise _invalid("prompt: the turn tells the model nothing new")
    return ModelRequest(parts, instructions=turn.instructions)


def _open_calls(before: Sequence[ModelMessage]) -> dict[str, str]:
    """Return the calls of the last reply, by id, with the names of their tools."""
    last = before[-1] if before else None
    if not isinstance(last, ModelResponse):
        return {}
    return {part.tool_call_id: part.tool_name for part in last.parts if isinstance(part, ToolCallPart)}


def _returned(outcome: ToolOutcome, names: WireNames) -> ToolReturnPart:
    """Return the outcome as text: read as JSON again, it could name files and addresses that a library would fetch."""
    content = outcome.content if isinstance(outcome.content, str) else to_json(outcome.content).decode()
    name = names.by_tool.get(outcome.name, outcome.name)
    return ToolReturnPart(name, content, outcome.id, outcome=_OUTCOMES[outcome.status])


def request_parameters(turn: ModelTurn, names: WireNames) -> ModelRequestParameters:
    """Return the tools, and the structured answer that is asked for: as its provider has it, or by one more tool."""
    tools = [_offered(names.by_tool[tool.name], tool.description, tool.parameters) for tool in turn.tools]
    if turn.output is None:
        return ModelRequestParameters(function_tools=tools)
    schema = turn.output if is_of_objects(turn.output) else _wrapped(turn.output)
    description = "The answer to the task. Call this once, when the work is done."
    return ModelRequestParameters(
        function_tools=tools,
        output_mode="auto",
        output_object=OutputObjectDefinition(json_schema=schema, name=ANSWER_TOOL),
        output_tools=[
            OfferedTool(name=ANSWER_TOOL, parameters_json_schema=schema, description=description, kind="output")
        ],
        allow_text_output=False,
    )


def is_of_objects(schema: JsonSchema) -> bool:
    """Return whether providers take the schema as it is: its values are objects."""
    return schema.get("type") == "object"


def _wrapped(schema: JsonSchema) -> JsonSchema:
    definitions: JsonSchema = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in definitions}
    return {"type": "object", "properties": {WRAPPED: inner}, "required": [WRAPPED], **definitions}


def _offered(name: str, description: str, parameters: JsonSchema) -> OfferedTool:
    schema = {"type": "object", "properties": {}, **parameters}
    return OfferedTool(name=name, parameters_json_schema=schema, description=description or None)


def request_settings(turn: ModelTurn, named: NamedModel, silence: float) -> ModelSettings:
    """Return the settings of alias and turn, of which the turn's win, within the alias's limit of an answer."""
    alias = named.alias
    given: dict[str, Any] = {} if alias is None else alias.settings.model_dump(exclude_none=True)
    given |= turn.settings.model_dump(exclude_none=True)
    if alias is not None and alias.max_tokens is not None:
        given["max_tokens"] = min(given.get("max_tokens", alias.max_tokens), alias.max_tokens)
    if "stop_sequences" in given:
        given["stop_sequences"] = list(given["stop_sequences"])
    if named.provider != BEDROCK:  # whose client has both already
        given |= {"max_retries": 0, "timeout": silence}
    return cast(ModelSettings, given)


def _invalid(message: str) -> AgentError:
    return AgentError(message, code="invalid_params", retryable=False)
