"""A model that follows a script: what it answers is a part of the test."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wand_orchestrator._agent import Agent, internal_agent
from wand_orchestrator.activities.models.described_tools import described_tools
from wand_orchestrator.activities.runner.context import InternalContext
from wand_orchestrator.contract.model_call import (
    DescribeModel,
    ModelDescription,
    ModelInfo,
    ModelReply,
    ModelTurn,
    Price,
    ToolCall,
    ToolOutcome,
    Usage,
)
from wand_orchestrator.contract.names import AGENT_MODEL_DESCRIBE, AGENT_MODEL_TURN
from wand_orchestrator.errors import AgentError

TOKEN_BYTES = 4
"""Bytes that a scripted model counts as a token."""

MILLION = 1_000_000
_INDEX = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class AskedTurn:
    """What a model is asked. `node`: whose conversation it is, such as `write`, `research[3]` or `refund/write`.

    `call`: the number of this call of the conversation, from 0; attempts that failed count. `before`: the turns before
    this one, each with its reply.
    """

    node: str
    call: int
    turn: ModelTurn
    before: tuple[tuple[ModelTurn, ModelReply], ...] = ()

    @property
    def prompt(self) -> str:
        """The text that the conversation began with."""
        return next((turn.prompt for turn in (*(turn for turn, _ in self.before), self.turn) if turn.prompt), "")

    @property
    def outcomes(self) -> tuple[ToolOutcome, ...]:
        """The results of the tool calls of the turn before."""
        return self.turn.outcomes

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that the model may call."""
        return tuple(tool.name for tool in self.turn.tools)


Answer = Any
"""A text; `calls(…)`; `fails(…)`; a ModelReply; anything else is the structured answer of a node with `output`."""

Says = Callable[[AskedTurn], Answer | Awaitable[Answer]]
Script = Sequence[Answer] | Says
Scripts = Script | Mapping[str, Script]
Paths = Callable[[str, str], str]
"""Returns the path of a node in the run that the test has started, of a run and a node in it."""


@dataclass(frozen=True)
class CallsOfTools:
    calls: tuple[tuple[str, Any], ...]
    text: str = ""


def calls(*asked: tuple[str, Any], text: str = "") -> CallsOfTools:
    """Return the answer that calls tools: `calls(("search", {"q": "wands"}), …)`. `text`: said besides."""
    return CallsOfTools(asked, text)


def fails(
    code: str = "model_overloaded",
    message: str = "the script lets the call fail",
    *,
    retryable: bool = True,
    retry_after: float | None = None,
) -> AgentError:
    """Return the answer that is a failed call: `fails("model_rate_limited")`. The next answer is for the next attempt.

    `retry_after`: seconds until then.
    """
    return AgentError(message, code=code, retryable=retryable, retry_after=retry_after)


@dataclass
class ScriptedModel:
    """Answers calls of models by a script, and remembers in `asked` what it was asked.

    `script`: a list, of which every conversation gets one answer a call, from the first on; or a function of AskedTurn;
    or a mapping to these, by the node (`write`; `research` for all items of a map; `refund/write` in a child run) or by
    the model's name. Tokens are counted, `price` makes money of them; `max_output_tokens` and `context_tokens` are what
    budgets reckon with.
    """

    script: Scripts
    price: Price | None = None
    max_output_tokens: int | None = None
    context_tokens: int | None = None
    asked: list[AskedTurn] = field(default_factory=list)
    _conversations: dict[str, tuple[tuple[ModelTurn, ModelReply], ...]] = field(default_factory=dict)
    _calls: dict[str, int] = field(default_factory=dict)

    def agents(self, path: Paths) -> list[Agent]:
        """Return the internal agents that take the place of those which call models."""

        @internal_agent(AGENT_MODEL_DESCRIBE)
        async def describe(params: DescribeModel, ctx: InternalContext) -> ModelDescription:
            """Describes the scripted model, and the tools as a worker does."""
            info = ModelInfo(
                model=params.model,
                price=self.price,
                max_output_tokens=self.max_output_tokens,
                context_tokens=self.context_tokens,
            )
            return ModelDescription(model=info, tools=tuple(described_tools(params.tools, ctx.models)))

        @internal_agent(AGENT_MODEL_TURN)
        async def turn(params: ModelTurn, ctx: InternalContext) -> ModelReply:
            """Answers one turn by the script."""
            node = path(ctx.run_id, ctx.node_id.rpartition("[")[0])
            reply = await self._reply(node, params)
            if reply.text:
                ctx.emit(reply.text)
            return reply

        return [describe, turn]

    async def _reply(self, node: str, turn: ModelTurn) -> ModelReply:
        call = self._calls.get(node, 0)
        self._calls[node] = call + 1
        asked = AskedTurn(node, call, turn, self._conversations[turn.before] if turn.before else ())
        self.asked.append(asked)
        answer = await self._answer(asked)
        if isinstance(answer, AgentError):
            raise answer
        conversation = f"{node}#{call}"
        reply = self._as_reply(answer, asked, conversation)
        self._conversations[conversation] = (*asked.before, (turn, reply))
        return reply

    async def _answer(self, asked: AskedTurn) -> Answer:
        script = self.script_for(asked)
        if callable(script):
            answer = script(asked)
            return await answer if inspect.isawaitable(answer) else answer
        if asked.call >= len(script):
            given = f"it has {len(script)} answers, and this is call {asked.call + 1}"
            raise _unscripted(f"the script of {asked.node!r} is at its end: {given}")
        return script[asked.call]

    def script_for(self, asked: AskedTurn) -> Script:
        """Return the script of a conversation. Raises AgentError `unscripted` if there is none."""
        if not isinstance(self.script, Mapping):
            return self.script
        names = list(_names_of(asked.node, asked.turn.model))
        for name in names:
            if name in self.script:
                return self.script[name]
        known = ", ".join(map(repr, self.script)) or "nothing"
        raise _unscripted(f"no script for {asked.node!r}: the test gives models={{…}} for {known}")

    def _as_reply(self, answer: Answer, asked: AskedTurn, conversation: str) -> ModelReply:
        if isinstance(answer, ModelReply):
            return answer.model_copy(update={"conversation": conversation})
        reply = ModelReply(conversation=conversation, finish="stop", model=asked.turn.model)
        if isinstance(answer, CallsOfTools):
            named = tuple(
                ToolCall(id=f"call_{asked.call}_{index}", name=name, arguments=arguments)
                for index, (name, arguments) in enumerate(answer.calls)
            )
            reply = reply.model_copy(update={"text": answer.text, "calls": named, "finish": "tool_calls"})
        elif isinstance(answer, str):
            reply = reply.model_copy(update={"text": answer})
        else:
            reply = reply.model_copy(update={"output": answer})
        return reply.model_copy(update={"usage": self._usage(asked, reply)})

    def _usage(self, asked: AskedTurn, reply: ModelReply) -> Usage:
        """Return what the call used: all that was said before counts as input, as providers count it."""
        said = [
            asked.turn.model_dump_json(),
            *(f"{turn.prompt}{turn.outcomes}{old.text}" for turn, old in asked.before),
        ]
        given = sum(map(_tokens, said))
        made = _tokens(reply.model_dump_json(include={"text", "output", "calls"}))
        price = self.price
        usd = None if price is None else (given * price.input + made * price.output) / MILLION
        return Usage(requests=1, input_tokens=given, output_tokens=made, usd=usd)


def _names_of(node: str, model: str) -> Iterator[str]:
    """Yield the names under which a script for this node may stand, the most exact one first."""
    yield node
    yield _INDEX.sub("", node)
    yield _INDEX.sub("", node.rpartition("/")[2])
    yield model


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // TOKEN_BYTES)


def _unscripted(message: str) -> AgentError:
    return AgentError(message, code="unscripted", retryable=False)
