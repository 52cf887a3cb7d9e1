"""The table of control nodes: nodes that the workflow carries out itself, with no agent behind them.

Validation, the snapshot of a run, the API and the workflow read it; `workflows.control.registry` maps each to the class
that carries it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from wand_orchestrator.graph import Name, Seconds, Strict

JsonSchema = Mapping[str, Any]

FAIL: Literal["fail"] = "fail"


class DefaultAnswer(Strict):
    answer: Any


class ApprovalParams(Strict):
    """Waits for somebody's answer. Output: the answer."""

    prompt: str = Field(default="", max_length=10_000, description="The question.")
    answer_schema: dict[str, Any] = Field(
        default_factory=dict, alias="schema", description="JSON Schema that the answer must fit."
    )
    timeout_sec: Seconds | None = Field(default=None, description="How long to wait; for ever without it.")
    on_timeout: Literal["fail"] | DefaultAnswer = Field(
        default=FAIL, description='`"fail"`, or `{"answer": <the default answer>}`.'
    )


class WaitParams(Strict):
    """Waits: a durable timer. Output: `{"until": <the moment>}`."""

    seconds: Seconds | None = None
    until: datetime | None = Field(default=None, description="RFC 3339, with an offset.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.seconds is None) == (self.until is None):
            raise ValueError("give either `seconds` or `until`")
        if self.until is not None and self.until.tzinfo is None:
            raise ValueError("`until` needs an offset from UTC, such as `Z`")
        return self


class Target(Strict):
    """What a control node runs: one agent, or a stored graph by its name or id."""

    agent: Name | None = None
    graph: Name | None = None
    params: dict[str, Any] = Field(default_factory=dict, description="Params of the agent.")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.agent is None) == (self.graph is None):
            raise ValueError("give either `agent` or `graph`")
        return self


class MapParams(Target):
    """Runs its target for each item of the input `items`.

    An item that is an object is the target's input; any other becomes `{"item": <it>}`.
    Output: `{"outputs": [one for each item, null where it failed], "failed": [their indexes], "errors": [the first 20
    errors, each {"index", "code", "message"}]}`.
    """

    concurrency: int = Field(default=10, ge=1, le=1000, description="Items in flight at once, at most.")
    tolerate: int | float = Field(
        default=0, ge=0, description="Items that may fail: a number, or, below 1, a share of all items."
    )

    def tolerated(self, count: int) -> int:
        """How many of `count` items may fail."""
        return int(self.tolerate * count) if 0 < self.tolerate < 1 else int(self.tolerate)


class SubgraphParams(Strict):
    """Runs a stored graph as a run of its own, whose input is the node's input. Output: its result's `outputs`."""

    graph: Name = Field(description="Name (the newest version) or id of a stored graph.")


class RepeatParams(Target):
    """Runs its target again and again, each time on its last output, until `until` is true of an output.

    Output: `{"output": <the last>, "times": <rounds>, "satisfied": <whether until was true>}`.
    """

    until: str = Field(description="JMESPath over the output.")
    max_times: int = Field(ge=1, le=1000)


@dataclass(frozen=True, eq=False)
class ControlNode:
    """One row of the table.

    `input`: JSON Schema of what edges may carry into it; None for what the agent takes that it runs. `output`: JSON
    Schema of its output. `expressions`: params that hold JMESPath over an output of what it runs. `waits_for`: for what
    it waits while its status is `waiting`, as the end of a sentence; empty if it never has that status.
    """

    name: str
    params: type[BaseModel]
    input: JsonSchema | None
    output: JsonSchema
    expressions: tuple[str, ...] = ()
    waits_for: str = ""

    @property
    def names_agent(self) -> bool:
        """Whether its params may name an agent, which it runs."""
        return "agent" in self.params.model_fields

    @property
    def names_graph(self) -> bool:
        """Whether its params may name a stored graph, which it runs as a child run."""
        return "graph" in self.params.model_fields


def _object(**properties: JsonSchema) -> JsonSchema:
    """An object with exactly these keys."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_ANY_OBJECT: JsonSchema = {"type": "object", "additionalProperties": True}
_NOTHING = _object()
_TEXT: JsonSchema = {"type": "string"}
_COUNT: JsonSchema = {"type": "integer"}
_LIST: JsonSchema = {"type": "array"}

APPROVAL = ControlNode(
    name="flow.approval",
    params=ApprovalParams,
    input=_NOTHING,
    output={},
    waits_for="an answer to its open approval",
)
WAIT = ControlNode(
    name="flow.wait", params=WaitParams, input=_NOTHING, output=_object(until=_TEXT), waits_for="its moment"
)
MAP = ControlNode(
    name="flow.map",
    params=MapParams,
    input={"type": "object", "properties": {"items": _LIST}, "required": ["items"]},
    output=_object(
        outputs=_LIST,
        failed={"type": "array", "items": _COUNT},
        errors={"type": "array", "items": _object(index=_COUNT, code=_TEXT, message=_TEXT)},
    ),
)
GRAPH = ControlNode(name="flow.graph", params=SubgraphParams, input=_ANY_OBJECT, output=_ANY_OBJECT)
REPEAT = ControlNode(
    name="flow.repeat",
    params=RepeatParams,
    input=None,
    output=_object(output={}, times=_COUNT, satisfied={"type": "boolean"}),
    expressions=("until",),
)

CONTROL_NODES: Mapping[str, ControlNode] = MappingProxyType(
    {node.name: node for node in (APPROVAL, WAIT, MAP, GRAPH, REPEAT)}
)
"""By the type that a node of a graph has."""
