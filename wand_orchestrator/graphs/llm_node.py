"""Defines the params of `agent.llm`, a conversation between a model and tools."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from wand_orchestrator.contract.model_call import CallSettings
from wand_orchestrator.graph import Name, SpendingBudget, Strict

LLM_NAME = "agent.llm"
MAX_TOOLS = 100
MAX_TURNS = 1000

ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""A name of a tool that every provider takes."""


class ToolChoice(Strict):
    """A tool that a model may call: one of `tool`, `agent`, `graph` and `mcp`."""

    tool: Name | None = Field(default=None, description="A tool of the registry; a tool's name alone means the same.")
    agent: Name | None = Field(default=None, description="An agent of the registry.")
    graph: Name | None = Field(
        default=None, description="Name (the newest version) or id of a stored graph; it runs as a child run."
    )
    mcp: Name | None = Field(default=None, description="An MCP server of the worker: all of its tools.")
    only: tuple[Name, ...] = Field(
        default=(), max_length=MAX_TOOLS, description="Of an MCP server, names of tools, with `*` for any text."
    )
    params: dict[str, Any] = Field(
        default_factory=dict, description="Of an agent, params that the graph gives and the model is not asked for."
    )
    name: ToolName | None = Field(default=None, description="What the model is told as the name.")
    description: str | None = Field(default=None, max_length=10_000, description="What the model is told of it.")
    approve: bool | None = Field(default=None, description="Whether each call waits until a person approves it.")
    max_calls: int | None = Field(default=None, ge=1, le=100_000, description="Calls that a node makes of it, at most.")

    @model_validator(mode="after")
    def _one_tool(self) -> Self:
        given = [key for key in ("tool", "agent", "graph", "mcp") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError("give one of `tool`, `agent`, `graph` and `mcp`")
        if self.only and self.mcp is None:
            raise ValueError("`only` selects tools of an MCP server: leave it out, or give `mcp`")
        if self.params and self.agent is None:
            raise ValueError("`params` are those of an agent: leave them out, or give `agent`")
        if self.mcp is not None and (self.name or self.description):
            raise ValueError("the tools of an MCP server have names and descriptions of their own")
        return self

    @property
    def target(self) -> str:
        """The name in the registry, of the graph or of the MCP server."""
        return self.tool or self.agent or self.graph or self.mcp or ""


class LlmParams(Strict):
    """Lets a model answer, which may call tools before it does: each call of the model and of a tool is a part of the
    node.

    Output: `{"text": <the answer>}`, or, with `output`, the structured answer itself.
    """

    model: Name = Field(description="`provider:name`, such as `openai:gpt-5-mini`, or an alias of `WAND_MODELS`.")
    instructions: str | None = Field(default=None, description="What the model is told before all else.")
    prompt: str | None = Field(
        default=None, description="A template over the node's input: `{{ topic }}`. Default: the input as JSON."
    )
    tools: tuple[Name | ToolChoice, ...] = Field(
        default=(),
        max_length=MAX_TOOLS,
        description='Names of tools, `{"agent": …}`, `{"graph": …}` or `{"mcp": …}`, each with `approve`, `max_calls`.',
    )
    output: dict[str, Any] | None = Field(default=None, description="JSON Schema that the answer must fit.")
    max_turns: int = Field(default=25, ge=1, le=MAX_TURNS, description="Calls of the model, at most.")
    settings: CallSettings = Field(
        default_factory=CallSettings, description="`temperature`, `max_tokens` and the like."
    )
    budget: SpendingBudget | None = Field(
        default=None,
        description="What the model calls of the node may use: `tokens`, `usd` or both.",
    )

    @property
    def choices(self) -> tuple[ToolChoice, ...]:
        """The tools, each as an object."""
        return tuple(ToolChoice(tool=tool) if isinstance(tool, str) else tool for tool in self.tools)


def graphs_of_tools(params: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield the index and the name of each stored graph among the tools of an `agent.llm` with these params."""
    tools = params.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list | tuple) else ()):
        if isinstance(tool, Mapping) and isinstance(tool.get("graph"), str):
            yield index, tool["graph"]
