"""What the scheduler answers: which node to start, and what was decided about nodes that nobody told it of."""

from dataclasses import dataclass
from typing import Any, Literal

from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import Node


@dataclass(frozen=True)
class Start:
    """Start this node with this input."""

    node: Node
    input: dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """What follows for a node from what happened to others, and why.

    `skipped` and `failed`: it was settled without having run; it fails where an expression on its edges cannot be
    judged. `handled`: it failed before, and an edge on failure was taken. `dropped`: it is in flight, and is to be
    cancelled, as nothing needs it any more.
    """

    node: str
    kind: Literal["skipped", "failed", "handled", "dropped"]
    reason: str
    failure: Failure | None = None
