"""Reads the reply of a model as it comes, within its bounds, and makes the reply of the turn of it."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from pydantic_ai.messages import (
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_core import from_json, to_json

from wand_orchestrator.activities.models.turn_request import ANSWER_TOOL, WRAPPED, WireNames, is_of_objects
from wand_orchestrator.contract.bounds import is_too_deep
from wand_orchestrator.contract.model_call import ModelReply, ModelTurn, ToolCall, Usage
from wand_orchestrator.settings import Settings

LONGEST_NAME = 200
"""Characters of a tool's name that a model may make up."""

LONGEST_ID = 10_000
"""Characters of a call's id. Some proxies put what a model thought into it, and need it back as it was."""


class ReplyBounds:
    """Counts what comes of a reply, and passes its text on. `beyond` says which bound it has passed, if any."""

    def __init__(self, settings: Settings, emit: Callable[[str], object] | None) -> None:
        self._max_bytes = settings.max_model_reply_bytes
        self._max_calls = settings.max_model_calls
        self._emit = emit
        self._bytes = 0
        self._calls = 0

    def take(self, event: ModelResponseStreamEvent) -> None:
        text, size = _came(event)
        self._bytes += size
        if isinstance(event, PartStartEvent) and isinstance(event.part, ToolCallPart):
            self._calls += 1
        if text and self._emit is not None and self.beyond is None:
            self._emit(text)

    @property
    def beyond(self) -> tuple[str, str] | None:
        """Return the code and the sentence of the bound that the reply has passed."""
        if self._bytes > self._max_bytes:
            told = f"the reply is larger than {self._max_bytes} bytes (WAND_MAX_MODEL_REPLY_BYTES)"
            return "model_reply_too_large", told
        if self._calls > self._max_calls:
            return "too_many_calls", f"the reply holds more than {self._max_calls} tool calls (WAND_MAX_MODEL_CALLS)"
        return None


def _came(event: ModelResponseStreamEvent) -> tuple[str, int]:
    """Return the text of the answer that an event brings, and the bytes of all that it brings."""
    if isinstance(event, PartStartEvent):
        part = event.part
        if isinstance(part, TextPart):
            return part.content, len(part.content.encode())
        if isinstance(part, ThinkingPart):
            return "", len(part.content.encode())
        return "", len(part.tool_name) + _size(part.args) if isinstance(part, ToolCallPart) else 0
    if isinstance(event, PartDeltaEvent):
        delta = event.delta
        if isinstance(delta, TextPartDelta):
            return delta.content_delta, len(delta.content_delta.encode())
        if isinstance(delta, ThinkingPartDelta):
            return "", len((delta.content_delta or "").encode())
        if isinstance(delta, ToolCallPartDelta):
            return "", len(delta.tool_name_delta or "") + _size(delta.args_delta)
    return "", 0


def _size(arguments: Any) -> int:
    return len(arguments.encode()) if isinstance(arguments, str) else len(to_json(arguments))


def reply_of(turn: ModelTurn, response: ModelResponse, names: WireNames, usage: Usage, conversation: str) -> ModelReply:
    """Return the reply. A structured answer that is no JSON stays in `text`, for whoever checks it to say so."""
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    parts = [part for part in response.parts if isinstance(part, ToolCallPart)]
    calls = tuple(_call(part, names) for part in parts if not _is_answer(turn, part))
    # Some providers say `stop` of a reply that ends with calls.
    ended_well = response.finish_reason in ("stop", "tool_call")
    return ModelReply(
        text=text,
        output=None if turn.output is None else _answer(turn.output, text, parts),
        calls=calls,
        finish=("tool_calls" if calls else "stop") if ended_well else response.finish_reason,
        model=response.model_name or "",
        usage=usage,
        conversation=conversation,
    )


def with_own_ids(response: ModelResponse) -> ModelResponse:
    """Return the response with an id of its own for each call. Some servers give several calls of one reply the same
    id, or an empty one, and their results could not be told apart then.
    """
    seen: set[str] = set()
    parts: list[ModelResponsePart] = []
    for part in response.parts:
        if isinstance(part, ToolCallPart):
            part = replace(part, tool_call_id=_own_id(part.tool_call_id, seen))
            seen.add(part.tool_call_id)
        parts.append(part)
    return replace(response, parts=parts)


def _own_id(id: str, seen: set[str]) -> str:
    if id and id not in seen and len(id) <= LONGEST_ID:
        return id
    base = id[:20] or "call"
    return next(own for number in count(1) if (own := f"{base}_{number}") not in seen)


def _is_answer(turn: ModelTurn, part: ToolCallPart) -> bool:
    return turn.output is not None and part.tool_name == ANSWER_TOOL


def _answer(schema: dict[str, Any], text: str, calls: list[ToolCallPart]) -> Any:
    handed_over = next((_arguments(part) for part in calls if part.tool_name == ANSWER_TOOL), None)
    answer = _json(text) if handed_over is None else handed_over
    if not is_of_objects(schema) and isinstance(answer, dict) and answer.keys() == {WRAPPED}:
        return answer[WRAPPED]
    return answer


def _call(part: ToolCallPart, names: WireNames) -> ToolCall:
    name = names.tool(part.tool_name)[:LONGEST_NAME]
    return ToolCall(id=part.tool_call_id, name=name, arguments=_arguments(part))


def _arguments(part: ToolCallPart) -> dict[str, Any] | str:
    """Return the arguments as an object, or as the text that came if they are none."""
    if not part.args:
        return {}
    if isinstance(part.args, dict):
        return part.args
    value = _json(part.args)
    return value if isinstance(value, dict) else part.args


def _json(text: str) -> Any:
    """Return the JSON value that a text holds; None for what is no JSON, or nested deeper than a history takes."""
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return None if is_too_deep(value) else value
