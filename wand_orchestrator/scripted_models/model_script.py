"""Scripts: rules that say what a model answers to what it is asked."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from wand_orchestrator.scripted_models.asked import Asked

FaultName = Literal[
    "rate_limited",
    "overloaded",
    "server_error",
    "context_too_long",
    "content_refused",
    "key_invalid",
    "unknown_model",
    "bad_request",
]


class ScriptedCall(BaseModel):
    """A call of a tool. `arguments`: an object, or a text that is sent as it is, whatever it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict)
    id: str | None = None

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


class ScriptedAnswer(BaseModel):
    """What the model answers: text and calls, or a fault.

    A streamed text comes in pieces of `piece` characters, `piece_sec` seconds apart. `break_after`: so many pieces
    come, and then the connection breaks. `retry_after`: the header of a fault. `echo`: a text that the message of a
    fault repeats; `{key}` in it is the key that was sent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    fault: FaultName | None = None
    retry_after: str | None = None
    echo: str = ""
    piece: int = Field(default=16, ge=1)
    piece_sec: float = Field(default=0, ge=0)
    break_after: int | None = Field(default=None, ge=0)
    cached_tokens: int = Field(default=0, ge=0)
    finish: Literal["stop", "length", "content_filter"] | None = None

    @property
    def pieces(self) -> list[str]:
        return [self.text[at : at + self.piece] for at in range(0, len(self.text), self.piece)]


class ScriptRule(BaseModel):
    """An answer, and when it is given. What is left out of the conditions holds always.

    `model`: of the request. `instructions`, `prompt`, `last`: a text that is in the instructions, in the first message
    of the user, in the last message or result. `turn`: the number of the model's turn, from 0. `results`: of tools so
    far. `times`: how often this rule can be used.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: ScriptedAnswer
    model: str | None = None
    instructions: str = ""
    prompt: str = ""
    last: str = ""
    turn: int | None = None
    results: int | None = None
    times: int | None = None

    def fits(self, asked: Asked) -> bool:
        return (
            self.model in (None, asked.model)
            and self.instructions in asked.instructions
            and self.prompt in asked.prompt
            and self.last in asked.last
            and self.turn in (None, asked.turn)
            and self.results in (None, len(asked.results))
        )


Says = Callable[[Asked], ScriptedAnswer]


class ModelScript:
    """Rules, of which the first that fits answers."""

    def __init__(self, rules: Sequence[ScriptRule]) -> None:
        self._rules = rules
        self._uses = [0] * len(rules)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a JSON list of rules. Raises OSError, and ValueError that says what does not fit."""
        return cls([ScriptRule.model_validate(rule) for rule in json.loads(path.read_text())])

    def __call__(self, asked: Asked) -> ScriptedAnswer:
        for index, rule in enumerate(self._rules):
            if rule.fits(asked) and (rule.times is None or self._uses[index] < rule.times):
                self._uses[index] += 1
                return rule.answer
        return ScriptedAnswer(fault="bad_request", echo=f"the script has no answer to: {asked.last[:200]}")
