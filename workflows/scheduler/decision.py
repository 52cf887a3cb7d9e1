"""Defines what the scheduler returns: which node to start, and decisions about other nodes than the one that ended."""

from dataclasses import dataclass
from typing import Any, Literal

from wand_orchestrator.contract.state import Failure
from wand_orchestrator.graph import Node


@dataclass(frozen=True)
class Start:
    """Names the node to start, and its input."""

    node: Node
    input: dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """Contains what follows for a node from what happened to others, and why.

    `skipped` and `failed`: it was settled without having run; it fails where an expression on its edges cannot be
    judged. `handled`: it failed before, and an edge on failure was taken. `dropped`: it is in flight, and is to be
    cancelled, as nothing needs it any more.
    """

    node: str
    kind: Literal["skipped", "failed", "handled", "dropped"]
    reason: str
    failure: Failure | None = None
