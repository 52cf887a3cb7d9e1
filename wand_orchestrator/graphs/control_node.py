"""Defines a row of the table of control nodes, and params that several of them share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from wand_orchestrator.graph import Name, Seconds, Strict

JsonSchema = Mapping[str, Any]


def closed(**properties: JsonSchema) -> JsonSchema:
    """Return the schema of an object with exactly these keys."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


ANY_OBJECT: JsonSchema = {"type": "object", "additionalProperties": True}
NO_INPUT = closed()
ANYTHING: JsonSchema = {}
TEXT: JsonSchema = {"type": "string"}
COUNT: JsonSchema = {"type": "integer"}
LIST: JsonSchema = {"type": "array"}


Names = Annotated[tuple[Name, ...], Field(max_length=100)]


class DefaultAnswer(Strict):
    answer: Any


class Awaiting(Strict):
    """Params of a node that waits for something from outside of the run."""

    answer_schema: dict[str, Any] = Field(
        default_factory=dict,
        alias="schema",
        description="JSON Schema that an answer, or the data of an event, must fit.",
    )
    timeout_sec: Seconds | None = Field(default=None, description="How long to wait; for ever without it.")
    on_timeout: Literal["fail"] | DefaultAnswer = Field(
        default="fail", description='`"fail"`, or `{"answer": <the default output>}`.'
    )


class Target(Strict):
    """Params of a control node that runs one agent, or a stored graph by its name or id."""

    agent: Name | None = None
    agents: Names = Field(default=(), description="Those that `agent` may be, where a reference gives it.")
    graph: Name | None = None
    graphs: Names = Field(default=(), description="Those that `graph` may be, where a reference gives it.")
    params: dict[str, Any] = Field(default_factory=dict, description="Params of the agent.")
    input: dict[str, Any] | None = Field(
        default=None, description="What each part is given as input, instead of its item or the last output."
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.agent is None) == (self.graph is None):
            raise ValueError("give either `agent` or `graph`")
        return self


@dataclass(frozen=True, eq=False)
class ControlNode:
    """Describes a control node: a row of the table.

    `input`: JSON Schema of what edges may carry into it; None for what the agent takes that it runs. `output`: JSON
    Schema of its output, or a function that gives it by the params. `expressions`: params that hold JMESPath over an
    output of what it runs. `waits_for`: for what it waits while its status is `waiting`, as the end of a sentence, or
    empty.
    """

    name: str
    params: type[BaseModel]
    input: JsonSchema | None
    output: JsonSchema | Callable[[Mapping[str, Any]], JsonSchema]
    expressions: tuple[str, ...] = ()
    waits_for: str = ""

    def output_of(self, params: Mapping[str, Any]) -> JsonSchema:
        """Return the schema of the output of a node with these params, as written in the graph; the same object each
        time.
        """
        return self.output(params) if callable(self.output) else self.output

    @property
    def names_agent(self) -> bool:
        """Whether its params may name an agent, which it runs."""
        return "agent" in self.params.model_fields

    @property
    def has_parts(self) -> bool:
        """Whether what it runs has events and states of its own, as parts of the node."""
        return self.names_agent or self.names_graph or self.calls_tools

    @property
    def calls_tools(self) -> bool:
        """Whether its params may name tools, which a model calls."""
        return "tools" in self.params.model_fields

    @property
    def names_graph(self) -> bool:
        """Whether its params may name a stored graph, which it runs as a child run."""
        return "graph" in self.params.model_fields
