"""Bounds what one attempt of a model call can cost.

Every tokenizer in use makes at most one token of a byte of UTF-8. So the bytes of what is new bound its tokens, and
what the last reply used bounds those of the conversation before it.
"""

import json
from dataclasses import dataclass
from typing import Any

from wand_orchestrator.contract.model_call import ModelInfo, ModelTurn, Usage
from wand_orchestrator.workflows.budget.amount import Amount

CALL_TOKENS = 1_000
"""Added to each call, for what providers add on their own: the frames of messages, and instructions about tools."""

ITEM_TOKENS = 50
"""Added for each tool and each result of a tool, for their frames."""


@dataclass(frozen=True)
class WorstCase:
    """Contains the most that one attempt can use. `output_tokens`: None if nothing limits the reply."""

    info: ModelInfo
    input_tokens: int
    output_tokens: int | None

    @property
    def amount(self) -> Amount:
        return Amount.at(self.info.price, self.input_tokens, self.output_tokens or 0)

    @property
    def conversation_tokens(self) -> int:
        """The most that the conversation can hold after the call."""
        return self.input_tokens + (self.output_tokens or 0)


def worst_case(info: ModelInfo, turn: ModelTurn, before: int = 0) -> WorstCase:
    """Return the most that one attempt of a turn can use. `before`: what `tokens_after` returned for the turn before
    this one, 0 for the first: its instructions and tools are in the conversation from then on.
    """
    first = [turn.instructions, turn.output, [tool.model_dump() for tool in turn.tools]] if before == 0 else []
    new = [*first, turn.prompt, [outcome.model_dump() for outcome in turn.outcomes]]
    items = len(turn.outcomes) + (len(turn.tools) if before == 0 else 0)
    tokens = before + _bytes(new) + CALL_TOKENS + ITEM_TOKENS * items
    if info.context_tokens is not None:
        tokens = min(tokens, info.context_tokens)
    return WorstCase(info, tokens, turn.settings.max_tokens or info.max_output_tokens)


def _bytes(new: Any) -> int:
    """Return the size as JSON in ASCII, the longest form in which a provider may be sent it."""
    return len(json.dumps(new, default=str))


def tokens_after(worst: WorstCase, usage: Usage) -> int:
    """Return the most tokens of the conversation after a call: what the provider told, or else the bound itself."""
    told = usage.input_tokens + usage.output_tokens
    return told if usage.input_tokens > 0 else worst.conversation_tokens
