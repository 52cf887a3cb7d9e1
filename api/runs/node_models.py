"""Defines what the API returns of one node."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field
from pydantic_core import from_json

from wand_orchestrator.api.http.moments import Moment
from wand_orchestrator.api.runs.models import NodeView
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.storage.node_value_rows import NAMES, StoredNode, StoredValue

ValueName = Literal["params", "input", "output"]


class AttemptView(BaseModel):
    """An attempt of a node; unknown fields are null, such as the times of a worker that died."""

    attempt: int = Field(description="From 1, and again from 1 when the node is run anew.")
    retried: int = Field(description="How often the node had been retried by somebody before this attempt.")
    status: Literal["running", "succeeded", "failed", "cancelled"]
    started_at: Moment | None
    finished_at: Moment | None
    queued_ms: int | None = Field(description="From the moment it could have started.")
    duration_ms: int | None
    worker: str | None = Field(description="`host:pid`.")
    error: Failure | None = Field(description="With the exception, its causes and the lines of the agent's own code.")
    next_attempt_at: Moment | None


class NodeValue(BaseModel):
    """The size of a value. `url` returns its JSON; null if the value was too large to be kept."""

    bytes: int = Field(description="Of the JSON.")
    url: str | None


class NodeDetail(NodeView):
    """A node, or a part of one, with its params, input and output.

    `params`, `input` and `output` are null where `values` has none, and where one takes more than 64 KiB: its `url`
    returns it.
    """

    params: Any = Field(description="As they were given to the agent, with all references resolved.")
    input: Any = Field(description="What the edges and the node's own `input` gave.")
    output: Any = Field(description="Of a node that succeeded.")
    values: dict[ValueName, NodeValue] = Field(description="Those of the three that are known, each with its size.")
    child_run: str | None = Field(description="The child run that the node has, or had last.")
    attempts: list[AttemptView] = Field(description="Oldest first; the last 100 at most.")
    parts: dict[str, NodeView] = Field(
        description="Of a control node: the items of a map, the rounds of a repeat, the nodes of its child runs, by "
        "name, such as `map[3]`, as they began; a page of them."
    )
    total_parts: int

    @classmethod
    def of_view(
        cls,
        view: NodeView,
        *,
        run_id: str,
        node: str,
        stored: StoredNode | None,
        attempts: Sequence[AttemptView],
        parts: dict[str, NodeView],
        total_parts: int,
    ) -> "NodeDetail":
        kept: dict[str, StoredValue | None] = {name: getattr(stored, name, None) for name in NAMES}
        return cls(
            **dict(view),
            **{name: _shown(value) for name, value in kept.items()},
            values={name: _value(run_id, node, name, value) for name, value in kept.items() if value is not None},
            child_run=None if stored is None else stored.child,
            attempts=list(attempts),
            parts=parts,
            total_parts=total_parts,
        )


async def inline(text: str) -> AsyncIterator[bytes]:
    """Yield the text of a stored value in one piece."""
    yield text.encode()


def _shown(value: StoredValue | None) -> Any:
    return None if value is None or value.text is None else from_json(value.text)


def _value(run_id: str, node: str, name: str, value: StoredValue) -> NodeValue:
    known = value.text is not None or value.digest is not None
    url = f"/runs/{quote(run_id, safe='')}/nodes/{quote(node, safe='')}/{name}"
    return NodeValue(bytes=value.size, url=url if known else None)
