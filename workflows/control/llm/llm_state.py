"""Holds how far an `agent.llm` has come, as a new history, or a retry of the node, needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from wand_orchestrator.contract.mcp import McpTools
from wand_orchestrator.contract.model_call import ModelDescription, ToolOutcome


@dataclass
class LlmState:
    """Contains what the next turn is told, and what was counted so far.

    `before`: refers to the conversation so far. `prompt`, `outcomes`: what it does not have yet. `turn`: the number of
    the next turn, or of the one in flight, which `asking` tells. `calls`: those of the turn before, as ToolCalls
    carries them, until all have outcomes. `used`: calls by tool. `misfits`: answers that did not fit. `tokens`: of the
    conversation, at most.
    """

    described: ModelDescription | None = None
    prompt: str | None = None
    before: str | None = None
    outcomes: tuple[ToolOutcome, ...] = ()
    turn: int = 0
    calls: dict[str, Any] | None = None
    used: dict[str, int] = field(default_factory=dict)
    misfits: int = 0
    asking: bool = False
    tokens: int = 0
    mcp: dict[str, McpTools] = field(default_factory=dict)

    @classmethod
    def of(cls, carried: Mapping[str, Any]) -> Self:
        described = carried.get("described")
        return cls(
            described=None if described is None else ModelDescription.model_validate(described),
            prompt=carried["prompt"],
            before=carried["before"],
            outcomes=tuple(map(ToolOutcome.model_validate, carried["outcomes"])),
            turn=carried["turn"],
            calls=carried["calls"],
            used=dict(carried["used"]),
            misfits=carried["misfits"],
            asking=carried["asking"],
            tokens=carried["tokens"],
            mcp={server: McpTools.model_validate(tools) for server, tools in carried["mcp"].items()},
        )

    def carry(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "described": None if self.described is None else self.described.model_dump(mode="json"),
            "prompt": self.prompt,
            "before": self.before,
            "outcomes": [outcome.model_dump(mode="json") for outcome in self.outcomes],
            "turn": self.turn,
            "calls": self.calls,
            "used": self.used,
            "misfits": self.misfits,
            "asking": self.asking,
            "tokens": self.tokens,
            "mcp": {server: tools.model_dump(mode="json") for server, tools in self.mcp.items()},
        }
