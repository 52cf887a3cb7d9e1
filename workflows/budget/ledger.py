"""Keeps the books of one budget: what was spent, and what is reserved for calls in flight."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any, Self

from wand_orchestrator.graph import SpendingBudget
from wand_orchestrator.workflows.budget.amount import PICO, Amount


@dataclass(frozen=True)
class Granted:
    """The call may be made, with at most so many attempts."""

    attempts: int


@dataclass(frozen=True)
class Later:
    """Not even one attempt fits beside what is reserved for calls in flight: ask again when one of them has ended."""


@dataclass(frozen=True)
class UsedUp:
    """Not even one attempt fits, although no call is in flight. `unbounded`: since nobody knows what it may cost."""

    reason: str
    unbounded: bool = False


Verdict = Granted | Later | UsedUp


class Ledger:
    """Grants and settles calls, so that what they cost never exceeds the budget as long as none costs more than was
    reserved for it. `limit` may be changed at any time.
    """

    def __init__(self, limit: SpendingBudget) -> None:
        self.limit = limit
        self.spent = Amount()
        self._reserved: dict[str, tuple[Amount, int]] = {}

    @classmethod
    def restore(cls, carried: Mapping[str, Any]) -> Self:
        """Return the ledger of which `carry` returned this in the previous history."""
        ledger = cls(SpendingBudget.model_validate(carried["limit"]))
        ledger.spent = Amount(*carried["spent"])
        ledger._reserved = {key: (Amount(*each), attempts) for key, each, attempts in carried["reserved"]}
        return ledger

    def closed(self) -> dict[str, Any]:
        """Return what `restore` reads, for a run that goes on from this one: calls in flight count in full."""
        spent = self.spent + self.reserved
        return {"limit": self.limit.model_dump(mode="json"), "spent": [spent.tokens, spent.money], "reserved": []}

    def carry(self) -> dict[str, Any]:
        """Return what the next history needs, as JSON."""
        return {
            "limit": self.limit.model_dump(mode="json"),
            "spent": [self.spent.tokens, self.spent.money],
            "reserved": [[key, [each.tokens, each.money], count] for key, (each, count) in self._reserved.items()],
        }

    def attempts_of(self, key: str) -> int | None:
        """Return how many attempts are reserved for this call; None if none is."""
        return self._reserved[key][1] if key in self._reserved else None

    def ask(self, each: Amount, attempts: int) -> Verdict:
        """Return whether a call of which each attempt costs at most `each` may be made; `attempts` are wanted."""
        if self.limit.usd is not None and each.money is None:
            reason = "nobody knows the price of the model: give the model one by an alias of WAND_MODELS"
            return UsedUp(reason, unbounded=True)
        fits = min(self._fits(each), attempts)
        if fits >= 1:
            return Granted(fits)
        return Later() if self._reserved else UsedUp(self._why(each))

    def reserve(self, key: str, each: Amount, attempts: int) -> None:
        """Set this much aside for the call `key`, which `ask` has granted."""
        self._reserved[key] = (each, attempts)

    def settle(self, key: str, told: Amount, untold: int) -> None:
        """Replace what is reserved for the call by what it cost: `told`, and the most that an attempt may cost for each
        of the `untold` attempts. A call that is settled already is left as it is.
        """
        if (reservation := self._reserved.pop(key, None)) is not None:
            each, _ = reservation
            cost = told + each.times(max(untold, 0))
            self.spent += Amount(cost.tokens, cost.money or 0)

    @property
    def reserved(self) -> Amount:
        return sum((each.times(count) for each, count in self._reserved.values()), Amount())

    def _fits(self, each: Amount) -> int:
        """Return how many times this fits in what is left."""
        taken = self.spent + self.reserved
        fits = []
        if self.limit.tokens is not None:
            fits.append((self.limit.tokens - taken.tokens) // max(each.tokens, 1))
        if self.limit.usd is not None:
            left = floor(Fraction(self.limit.usd) * PICO) - (taken.money or 0)
            fits.append(left // max(each.money or 0, 1))
        return max(min(fits), 0)

    def _why(self, each: Amount) -> str:
        """Return why one attempt does not fit in what is left."""
        parts = []
        if self.limit.tokens is not None and self.spent.tokens + each.tokens > self.limit.tokens:
            left = max(self.limit.tokens - self.spent.tokens, 0)
            parts.append(f"{each.tokens:,} tokens, and {left:,} of {self.limit.tokens:,} are left")
        spent, most = self.spent.money or 0, each.money or 0
        if self.limit.usd is not None and Fraction(spent + most, PICO) > Fraction(self.limit.usd):
            left_usd = max(self.limit.usd - spent / PICO, 0)
            parts.append(f"${_plain(most / PICO)}, and ${_plain(left_usd)} of ${_plain(self.limit.usd)} are left")
        return f"the next model call may take {' and '.join(parts)}"


def _plain(usd: float) -> str:
    return f"{usd:.6f}".rstrip("0").rstrip(".")
