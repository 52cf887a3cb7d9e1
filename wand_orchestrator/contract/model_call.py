"""Defines the messages of `agent.llm`: what a turn asks a model, what the model replied, and what that cost."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from wand_orchestrator.contract.message import Message

JsonSchema = dict[str, Any]


class Price(Message):
    """The price of a model's tokens, in US dollars per million."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0, description="Of input read from the provider's cache.")


class ModelInfo(Message):
    """A model as the worker knows it. `price`: null where nobody knows it, which is never taken for 0."""

    model: str = Field(description="`provider:name`; an alias is resolved, and neither address nor key is told.")
    price: Price | None = None
    max_output_tokens: int | None = Field(default=None, ge=1)
    context_tokens: int | None = Field(default=None, ge=1)


class ToolDefinition(Message):
    """A tool as a model is told of it. `parameters`: the JSON Schema of its arguments."""

    name: str
    description: str = ""
    parameters: JsonSchema = Field(default_factory=dict)


class ToolSource(Message):
    """Where tools of an `agent.llm` come from: a tool or an agent of the worker's registry, or an MCP server.

    `params`: of an agent, those that the graph gives; the model gives the others. `only`: of an MCP server, patterns of
    the names of the tools that the model is told of; without them it is told of all.
    """

    kind: Literal["tool", "agent", "mcp"]
    name: str
    params: dict[str, Any] = Field(default_factory=dict)
    only: tuple[str, ...] = ()


class DescribeModel(Message):
    """Params of the activity that describes what an `agent.llm` uses. It fails for a model, a tool, an agent or an MCP
    server that the worker does not know, with a code of its own.
    """

    model: str = Field(description="`provider:name`, or an alias of `WAND_MODELS`.")
    tools: tuple[ToolSource, ...] = ()


class DescribedTool(Message):
    """A tool as the worker knows it. `source`: the index of its ToolSource in the request.

    `definition.name` is the tool's own name, such as `http.fetch`; the workflow gives it one that providers take.
    `agent`: the type of the activity that a call runs. `arguments_as`: where that is given the arguments of a call:
    its input, its params, or both, of which each is a key of the arguments then.
    """

    source: int = Field(ge=0)
    definition: ToolDefinition
    agent: str
    params: dict[str, Any] = Field(default_factory=dict, description="Given besides, whatever the model says.")
    arguments_as: Literal["input", "params", "both"] = "input"
    approve: bool | None = Field(default=None, description="What the graph leaves out; from the hints of MCP.")
    retries: int | None = Field(default=None, ge=0, description="The same; null: those of the node.")


class ModelDescription(Message):
    """Output of the activity that describes what an `agent.llm` uses."""

    model: ModelInfo
    tools: tuple[DescribedTool, ...] = ()


class ToolRun(Message):
    """Params of the activity that runs one tool of the registry; its input are the arguments of the call."""

    tool: str


class CallSettings(Message):
    """How a model is to answer, as a graph may say it. None of these is an address, a header or a key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: int | None = Field(default=None, ge=1, description="Tokens of an answer, at most.")
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    top_k: int | None = Field(default=None, ge=1)
    seed: int | None = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    stop_sequences: tuple[str, ...] | None = Field(default=None, max_length=16)
    parallel_tool_calls: bool | None = Field(default=None, description="Whether one answer may hold several calls.")
    thinking: bool | Literal["minimal", "low", "medium", "high", "xhigh", "max"] | None = Field(
        default=None, description="Whether, or how hard, the model thinks before it answers, where it can."
    )


class ToolCall(Message):
    """A call that a model asks for. `arguments`: text where they are no JSON object."""

    id: str
    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict)


class ToolOutcome(Message):
    """The one result of a tool call, as the model is told. `status` other than `succeeded`: `content` says why."""

    id: str
    name: str
    status: Literal["succeeded", "failed", "refused", "skipped", "cancelled"] = "succeeded"
    content: Any = None


class Usage(Message):
    """What model calls used. `input_tokens` include `cached_tokens`, `output_tokens` include `reasoning_tokens`.

    `usd`: null where the price is unknown.
    """

    requests: int = Field(default=0, ge=0)
    partial_requests: int = Field(
        default=0, ge=0, description="Those that broke off: the provider may charge more of them than it told."
    )
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cached_tokens: int = Field(default=0, ge=0)
    reasoning_tokens: int = Field(default=0, ge=0)
    usd: float | None = Field(default=None, ge=0)


class UsageTotal(Usage):
    """The sum of several calls. `usd` sums those whose price is known, and is null where none is.

    `unpriced_requests`: how many of the requests have an unknown price, and so are missing in `usd`.
    """

    unpriced_requests: int = Field(default=0, ge=0)

    def plus(self, usage: Usage) -> "UsageTotal":
        """Return the sum of this one and a call, or another sum."""
        unpriced = (
            usage.unpriced_requests if isinstance(usage, UsageTotal) else usage.requests if usage.usd is None else 0
        )
        return UsageTotal(
            **{name: getattr(self, name) + getattr(usage, name) for name in _COUNTS},
            usd=None if self.usd is None and usage.usd is None else (self.usd or 0.0) + (usage.usd or 0.0),
            unpriced_requests=self.unpriced_requests + unpriced,
        )


_COUNTS = ("requests", "partial_requests", "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")


class ModelTurn(Message):
    """Params of the activity that calls a model once.

    `before` refers to the conversation so far, which the worker keeps outside of the history; `prompt` and `outcomes`
    are what is new. `output`: the JSON Schema of a structured answer.
    """

    model: str = Field(description="`provider:name`, or an alias of `WAND_MODELS`.")
    instructions: str | None = None
    before: str | None = None
    prompt: str | None = None
    outcomes: tuple[ToolOutcome, ...] = ()
    tools: tuple[ToolDefinition, ...] = ()
    output: JsonSchema | None = None
    settings: CallSettings = Field(default_factory=CallSettings)


class ModelReply(Message):
    """Output of the activity that calls a model once. `conversation`: refers to all messages, this reply among them."""

    text: str = ""
    output: Any = Field(default=None, description="The structured answer, where the turn asked for one.")
    calls: tuple[ToolCall, ...] = ()
    finish: Literal["stop", "length", "tool_calls", "content_filter", "error"] | None = None
    model: str = Field(default="", description="The model that replied, as its provider names it.")
    usage: Usage = Field(default_factory=Usage)
    conversation: str


class FailedCall(Message):
    """The details of the error that the activity fails with.

    `status`: of an HTTP answer that refused the call, for which providers charge nothing. `usage`: what the provider
    told of the attempt, without a price if it told nothing, as after a stream that broke off: a budget is then charged
    with the most that the attempt can have cost; null if nothing was sent. `complete`: whether the usage is that of a
    whole reply.
    """

    model: str = ""
    status: int | None = None
    usage: Usage | None = None
    complete: bool = False
