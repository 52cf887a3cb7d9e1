"""Contains the table of control nodes: nodes that the workflow carries out itself, without an agent.

Validation, the snapshot of a run, the API and the workflow read it; `workflows.control.registry` maps each to the class
that carries it out.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

from pydantic import Field, model_validator

from wand_orchestrator.contract.codes import TRIED_AGAIN
from wand_orchestrator.graph import Identifier, Name, Seconds, Strict
from wand_orchestrator.graphs.control_node import (
    ANY_OBJECT,
    ANYTHING,
    COUNT,
    LIST,
    NO_INPUT,
    TEXT,
    Awaiting,
    ControlNode,
    JsonSchema,
    Names,
    Target,
    closed,
)
from wand_orchestrator.graphs.llm_node import LLM_NAME, LlmParams
from wand_orchestrator.graphs.references import is_reference


class ApprovalParams(Awaiting):
    """Waits for somebody's answer. Output: the answer."""

    prompt: str = Field(default="", max_length=10_000, description="The question.")


class EventParams(Awaiting):
    """Waits for events that something outside of the run sends. Output: the data of the event, or, with a `count` above
    1, a list of them in the order in which they came."""

    name: Identifier = Field(description="Of the events that it takes.")
    count: int = Field(default=1, ge=1, le=1000, description="How many events it waits for.")


MAX_FAIL_MESSAGE = 4000


class FailParams(Strict):
    """Fails, and with it the run, if nothing handles the failure."""

    code: Identifier = Field(description="The code of the failure.")
    message: str = Field(
        default="",
        max_length=MAX_FAIL_MESSAGE,
        description="One sentence. What a reference gives is written as text, and cut off where it is longer.",
    )
    details: Any = None

    @model_validator(mode="after")
    def _final(self) -> Self:
        if self.code in TRIED_AGAIN:
            raise ValueError(f"the code `{self.code}` is one after which a node is tried again: choose another one")
        return self


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


class MapParams(Target):
    """Runs its target for each item of `items`, which are a param or an input.

    Without `input`, an item that is an object is the target's input; any other becomes `{"item": <it>}`. References in
    `params` and `input` of the target see `item` and its own keys, `index`, and the other keys of the node's input.
    Output: `{"outputs": [one for each item, null where it failed], "failed": [their indexes], "errors": [the first 20
    errors, each {"index", "code", "message"}]}`.
    """

    items: list[Any] | None = Field(default=None, description="Here, or as an input.")
    concurrency: int = Field(default=10, ge=1, le=1000, description="Items in flight at once, at most.")
    tolerate: int | float = Field(
        default=0, ge=0, description="Items that may fail: a number, or, below 1, a share of all items."
    )

    def tolerated(self, count: int) -> int:
        """Return how many of `count` items may fail."""
        return int(self.tolerate * count) if 0 < self.tolerate < 1 else int(self.tolerate)


class SubgraphParams(Strict):
    """Runs a stored graph as a run of its own, whose input is the node's input.

    Output: its result's `outputs`; without `wait` `{"run_id": <its id>}`, as soon as it has started.
    """

    graph: Name = Field(description="Name (the newest version) or id of a stored graph.")
    graphs: Names = Field(default=(), description="Those that `graph` may be, where a reference gives it.")
    wait: bool = Field(default=True, description="Whether it is a part of this run, which waits for its end.")


class RepeatParams(Target):
    """Runs its target again and again, each time on its last output, until `until` is true of an output.

    With `state` each round is run on the state, and what it gives, an object, is merged into it. The state begins as
    the node's input with `state` over it. References in `params` and `input` of the target see `item`, the state or the
    last output (at first the node's input), with its own keys, `index`, the number of the round from 0, and the keys of
    the node's input.
    Output: `{"output": <the last>, "times": <rounds>, "satisfied": <whether until was true>}`, with `state` also that.
    """

    until: str = Field(description="JMESPath over the output, or, where there is one, over the state.")
    state: dict[str, Any] | None = Field(default=None, description="The state before the first round.")
    max_times: int = Field(ge=1, le=1000)


APPROVAL = ControlNode(
    name="flow.approval",
    params=ApprovalParams,
    input=NO_INPUT,
    output=ANYTHING,
    waits_for="an answer to its open approval",
)
EVENT = ControlNode(
    name="flow.event",
    params=EventParams,
    input=NO_INPUT,
    output=lambda params: ANYTHING if params.get("count", 1) == 1 or is_reference(params["count"]) else LIST,
    waits_for="an event from outside of the run",
)
FAIL = ControlNode(name="flow.fail", params=FailParams, input=NO_INPUT, output={})
WAIT = ControlNode(
    name="flow.wait", params=WaitParams, input=NO_INPUT, output=closed(until=TEXT), waits_for="its moment"
)
MAP = ControlNode(
    name="flow.map",
    params=MapParams,
    input={"type": "object", "properties": {"items": LIST}, "required": ["items"]},
    output=closed(
        outputs=LIST,
        failed={"type": "array", "items": COUNT},
        errors={"type": "array", "items": closed(index=COUNT, code=TEXT, message=TEXT)},
    ),
)
_STARTED = closed(run_id=TEXT)
GRAPH = ControlNode(
    name="flow.graph",
    params=SubgraphParams,
    input=ANY_OBJECT,
    output=lambda params: _STARTED if params.get("wait") is False else ANY_OBJECT,
)
_ROUNDS = closed(output={}, times=COUNT, satisfied={"type": "boolean"})
_ROUNDS_AND_STATE = closed(output={}, times=COUNT, satisfied={"type": "boolean"}, state=ANY_OBJECT)
REPEAT = ControlNode(
    name="flow.repeat",
    params=RepeatParams,
    input=None,
    output=lambda params: _ROUNDS if params.get("state") is None else _ROUNDS_AND_STATE,
    expressions=("until",),
)


def _structured(output: Any) -> JsonSchema:
    """Return the schema of a structured answer; of one that comes by a reference nothing is known."""
    return ANYTHING if is_reference(output) or not isinstance(output, dict) else output


_ANSWER = closed(text=TEXT)
LLM = ControlNode(
    name=LLM_NAME,
    params=LlmParams,
    input=ANY_OBJECT,
    output=lambda params: _ANSWER if params.get("output") is None else _structured(params["output"]),
)

CONTROL_NODES: Mapping[str, ControlNode] = MappingProxyType(
    {node.name: node for node in (APPROVAL, EVENT, FAIL, GRAPH, LLM, MAP, REPEAT, WAIT)}
)
"""By the type that a node of a graph has."""
