"""Reads what a server of models is asked, in the forms of three protocols, as one form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOKEN_BYTES = 4
"""Bytes that this server counts as a token."""


@dataclass(frozen=True)
class Said:
    """A message, a call of a tool, or the result of one. `role`: `user`, `assistant`, `call`, `result`."""

    role: str
    text: str
    id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Asked:
    """One request. `tools`: names with schemas; `schema`: of a structured answer; `key`: the API key that was sent."""

    protocol: str
    model: str
    instructions: str
    said: tuple[Said, ...]
    tools: Mapping[str, Any]
    schema: Any
    stream: bool
    max_tokens: int | None
    key: str
    body: Mapping[str, Any]

    @property
    def last(self) -> str:
        """Return the text of the last message or result."""
        return self.said[-1].text if self.said else ""

    @property
    def prompt(self) -> str:
        """Return the text of the first message of the user."""
        return next((said.text for said in self.said if said.role == "user"), "")

    @property
    def results(self) -> tuple[Said, ...]:
        """Return the results of tools so far, the oldest first."""
        return tuple(said for said in self.said if said.role == "result")

    @property
    def turn(self) -> int:
        """Return the number of this turn, from 0: one more than the model has had."""
        speaks = [said.role in ("assistant", "call") for said in self.said]
        return sum(now and not after for now, after in zip(speaks, [*speaks[1:], False], strict=True))

    @property
    def input_tokens(self) -> int:
        """Return what this server counts, of all that it was sent to read."""
        texts = (self.instructions, *(said.text for said in self.said), json.dumps(dict(self.tools)))
        return sum(map(tokens, texts))


def tokens(text: str) -> int:
    return -(-len(text.encode()) // TOKEN_BYTES)


def asked_of(protocol: str, body: Mapping[str, Any], key: str) -> Asked:
    """Return the request. Raises KeyError, TypeError and the like for a body that the protocol does not have."""
    said, instructions = {"chat": _chat, "responses": _responses, "anthropic": _anthropic}[protocol](body)
    return Asked(
        protocol=protocol,
        model=body["model"],
        instructions=instructions,
        said=tuple(said),
        tools=_tools(body),
        schema=_schema(body),
        stream=bool(body.get("stream")),
        max_tokens=body.get("max_tokens") or body.get("max_completion_tokens") or body.get("max_output_tokens"),
        key=key,
        body=body,
    )


def _chat(body: Mapping[str, Any]) -> tuple[list[Said], str]:
    said, instructions = [], []
    for message in body["messages"]:
        text = _text(message.get("content"))
        if message["role"] in ("system", "developer"):
            instructions.append(text)
        elif message["role"] == "tool":
            said.append(Said("result", text, message["tool_call_id"]))
        else:
            said += [Said(message["role"], text)] if text else []
            said += [
                Said("call", call["function"]["arguments"], call["id"], call["function"]["name"])
                for call in message.get("tool_calls") or ()
            ]
    return said, "\n".join(instructions)


def _responses(body: Mapping[str, Any]) -> tuple[list[Said], str]:
    said, instructions = [], [body.get("instructions") or ""]
    items = body["input"]
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        kind = item.get("type", "message")
        if kind == "function_call":
            said.append(Said("call", item["arguments"], item["call_id"], item["name"]))
        elif kind == "function_call_output":
            said.append(Said("result", _text(item["output"]), item["call_id"]))
        elif item.get("role") in ("system", "developer"):
            instructions.append(_text(item["content"]))
        elif kind == "message":
            said.append(Said(item["role"], _text(item["content"])))
    return said, "\n".join(filter(None, instructions))


def _anthropic(body: Mapping[str, Any]) -> tuple[list[Said], str]:
    said: list[Said] = []
    for message in body["messages"]:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if block["type"] == "tool_use":
                said.append(Said("call", json.dumps(block["input"]), block["id"], block["name"]))
            elif block["type"] == "tool_result":
                said.append(Said("result", _text(block.get("content")), block["tool_use_id"]))
            elif block["type"] == "text":
                said.append(Said(message["role"], block["text"]))
    return said, _text(body.get("system"))


def _text(content: Any) -> str:
    """Return the text of a content, which is a text or a list of parts."""
    if isinstance(content, list):
        return "".join(part if isinstance(part, str) else part.get("text", "") for part in content)
    return content or ""


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for tool in body.get("tools") or ():
        inner = tool.get("function", tool)
        found[inner["name"]] = inner.get("parameters") or inner.get("input_schema") or {}
    return found


def _schema(body: Mapping[str, Any]) -> Any:
    """Return the schema of a structured answer, where the protocol's own means ask for one."""
    chat = (body.get("response_format") or {}).get("json_schema") or {}
    other = (body.get("text") or {}).get("format") or (body.get("output_config") or {}).get("format") or {}
    return chat.get("schema") or other.get("schema")
