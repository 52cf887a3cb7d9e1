"""Writes answers in the forms of three protocols, streamed and whole."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wand_orchestrator.scripted_models.asked import Asked, tokens
from wand_orchestrator.scripted_models.model_script import ScriptedAnswer, ScriptedCall

Json = dict[str, Any]


@dataclass(frozen=True)
class WireEvent:
    """An event of a stream. `tokens`: of the answer, that it brings. `waits`: it comes after the answer's pause."""

    data: bytes
    tokens: int = 0
    waits: bool = False


@dataclass(frozen=True)
class Spoken:
    """An answer to a request, in the protocol of the request. `number`: of the request; makes ids unique."""

    asked: Asked
    answer: ScriptedAnswer
    number: int

    @property
    def output_tokens(self) -> int:
        calls = sum(tokens(call.name + call.text) for call in self.answer.calls)
        return tokens(self.answer.text) + calls

    def call_id(self, place: int) -> str:
        return self.answer.calls[place].id or f"call_{self.number}_{place}"

    def stream(self) -> Iterator[WireEvent]:
        return {"chat": _chat_stream, "responses": _responses_stream, "anthropic": _anthropic_stream}[
            self.asked.protocol
        ](self)

    def whole(self) -> Json:
        return {"chat": _chat_whole, "responses": _responses_whole, "anthropic": _anthropic_whole}[self.asked.protocol](
            self
        )


def _event(data: Json, name: str | None = None, **more: Any) -> WireEvent:
    head = f"event: {name}\n" if name else ""
    return WireEvent(f"{head}data: {json.dumps(data)}\n\n".encode(), **more)


def _arguments(call: ScriptedCall) -> Iterator[tuple[str, int]]:
    """Yield the arguments in two halves, as no reader may count on getting them whole, with their tokens."""
    middle = len(call.text) // 2
    yield call.text[:middle], 0
    yield call.text[middle:], tokens(call.name + call.text)


# OpenAI's chat completions


def _chat_finish(spoken: Spoken) -> str:
    return spoken.answer.finish or ("tool_calls" if spoken.answer.calls else "stop")


def _chat_usage(spoken: Spoken) -> Json:
    given, made = spoken.asked.input_tokens, spoken.output_tokens
    return {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": spoken.answer.cached_tokens},
    }


def _chat_stream(spoken: Spoken) -> Iterator[WireEvent]:
    def chunk(delta: Json, finish: str | None = None, **more: Any) -> WireEvent:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _event({**_chat_head(spoken, "chat.completion.chunk"), "choices": [choice]}, **more)

    yield chunk({"role": "assistant", "content": ""})
    for piece in spoken.answer.pieces:
        yield chunk({"content": piece}, tokens=tokens(piece), waits=True)
    for place, call in enumerate(spoken.answer.calls):
        named = {"index": place, "id": spoken.call_id(place), "type": "function"}
        yield chunk({"tool_calls": [{**named, "function": {"name": call.name, "arguments": ""}}]}, waits=True)
        for part, count in _arguments(call):
            yield chunk({"tool_calls": [{"index": place, "function": {"arguments": part}}]}, tokens=count)
    yield chunk({}, _chat_finish(spoken))
    if (spoken.asked.body.get("stream_options") or {}).get("include_usage"):
        usage = {"choices": [], "usage": _chat_usage(spoken)}
        yield _event({**_chat_head(spoken, "chat.completion.chunk"), **usage})
    yield WireEvent(b"data: [DONE]\n\n")


def _chat_head(spoken: Spoken, kind: str) -> Json:
    return {"id": f"chatcmpl-{spoken.number}", "object": kind, "created": 1, "model": spoken.asked.model}


def _chat_whole(spoken: Spoken) -> Json:
    calls = [
        {"id": spoken.call_id(place), "type": "function", "function": {"name": call.name, "arguments": call.text}}
        for place, call in enumerate(spoken.answer.calls)
    ]
    message = {"role": "assistant", "content": spoken.answer.text or None, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": _chat_finish(spoken)}
    return {**_chat_head(spoken, "chat.completion"), "choices": [choice], "usage": _chat_usage(spoken)}


# OpenAI's responses


def _responses_items(spoken: Spoken) -> list[Json]:
    text = {"type": "output_text", "text": spoken.answer.text, "annotations": []}
    message = {"type": "message", "id": f"msg_{spoken.number}", "role": "assistant", "status": "completed"}
    calls = [
        {
            "type": "function_call",
            "id": f"fc_{spoken.number}_{place}",
            "call_id": spoken.call_id(place),
            "name": call.name,
            "arguments": call.text,
            "status": "completed",
        }
        for place, call in enumerate(spoken.answer.calls)
    ]
    return [*([{**message, "content": [text]}] if spoken.answer.text else []), *calls]


def _responses_whole(spoken: Spoken, status: str = "completed") -> Json:
    given, made = spoken.asked.input_tokens, spoken.output_tokens
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(spoken.answer.finish or "")
    done = status == "completed"
    return {
        "id": f"resp_{spoken.number}",
        "object": "response",
        "created_at": 1,
        "model": spoken.asked.model,
        "status": "incomplete" if done and reason else status,
        "incomplete_details": {"reason": reason} if done and reason else None,
        "error": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "output": _responses_items(spoken) if done else [],
        "usage": {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": spoken.answer.cached_tokens},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": given + made,
        }
        if done
        else None,
    }


def _responses_stream(spoken: Spoken) -> Iterator[WireEvent]:
    number = iter(range(1_000_000))

    def event(kind: str, data: Json, **more: Any) -> WireEvent:
        return _event({"type": kind, "sequence_number": next(number), **data}, kind, **more)

    yield event("response.created", {"response": _responses_whole(spoken, "in_progress")})
    for index, item in enumerate(_responses_items(spoken)):
        at = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "message":
            yield event("response.output_item.added", {"output_index": index, "item": {**item, "content": []}})
            inside = {**at, "content_index": 0}
            empty = {"type": "output_text", "text": "", "annotations": []}
            yield event("response.content_part.added", {**inside, "part": empty})
            for piece in spoken.answer.pieces:
                delta = {**inside, "delta": piece, "logprobs": []}
                yield event("response.output_text.delta", delta, tokens=tokens(piece), waits=True)
            full = {**inside, "text": spoken.answer.text, "logprobs": []}
            yield event("response.output_text.done", full)
            yield event("response.content_part.done", {**inside, "part": item["content"][0]})
        else:
            yield event("response.output_item.added", {"output_index": index, "item": {**item, "arguments": ""}})
            call = ScriptedCall(name=item["name"], arguments=item["arguments"])
            for part, count in _arguments(call):
                yield event("response.function_call_arguments.delta", {**at, "delta": part}, tokens=count, waits=True)
            done = {**at, "arguments": call.text, "name": call.name}
            yield event("response.function_call_arguments.done", done)
        yield event("response.output_item.done", {"output_index": index, "item": item})
    final = _responses_whole(spoken)
    yield event(f"response.{final['status']}", {"response": final})


# Anthropic's messages

_STOPS: Mapping[str | None, str] = {"length": "max_tokens", "content_filter": "refusal", "stop": "end_turn"}


def _stop(spoken: Spoken) -> str:
    return _STOPS.get(spoken.answer.finish) or ("tool_use" if spoken.answer.calls else "end_turn")


def _anthropic_usage(spoken: Spoken, made: int) -> Json:
    cached = spoken.answer.cached_tokens
    return {
        "input_tokens": spoken.asked.input_tokens - cached,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": made,
    }


def _anthropic_whole(spoken: Spoken) -> Json:
    calls = [
        {"type": "tool_use", "id": spoken.call_id(place), "name": call.name, "input": call.arguments}
        for place, call in enumerate(spoken.answer.calls)
    ]
    text = [{"type": "text", "text": spoken.answer.text}] if spoken.answer.text else []
    return {
        "id": f"msg_{spoken.number}",
        "type": "message",
        "role": "assistant",
        "model": spoken.asked.model,
        "content": [*text, *calls],
        "stop_reason": _stop(spoken),
        "stop_sequence": None,
        "usage": _anthropic_usage(spoken, spoken.output_tokens),
    }


def _anthropic_stream(spoken: Spoken) -> Iterator[WireEvent]:
    def event(kind: str, data: Json, **more: Any) -> WireEvent:
        return _event({"type": kind, **data}, kind, **more)

    start = {**_anthropic_whole(spoken), "content": [], "stop_reason": None, "usage": _anthropic_usage(spoken, 1)}
    yield event("message_start", {"message": start})
    index = 0
    if spoken.answer.text:
        yield event("content_block_start", {"index": index, "content_block": {"type": "text", "text": ""}})
        for piece in spoken.answer.pieces:
            delta = {"type": "text_delta", "text": piece}
            yield event("content_block_delta", {"index": index, "delta": delta}, tokens=tokens(piece), waits=True)
        yield event("content_block_stop", {"index": index})
        index += 1
    for place, call in enumerate(spoken.answer.calls):
        block = {"type": "tool_use", "id": spoken.call_id(place), "name": call.name, "input": {}}
        yield event("content_block_start", {"index": index, "content_block": block})
        for part, count in _arguments(call):
            delta = {"type": "input_json_delta", "partial_json": part}
            yield event("content_block_delta", {"index": index, "delta": delta}, tokens=count, waits=True)
        yield event("content_block_stop", {"index": index})
        index += 1
    ending = {"stop_reason": _stop(spoken), "stop_sequence": None}
    yield event("message_delta", {"delta": ending, "usage": {"output_tokens": spoken.output_tokens}})
    yield event("message_stop", {})
