"""Defines an amount of tokens and money, in integers, so that sums are exact and the same in every replay."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Self

from wand_orchestrator.contract.model_call import Price, Usage

PICO = 10**12
"""Money is counted in millionths of a millionth of a dollar: a token of the cheapest model costs some ten thousand of
them."""


def pico_of(usd: float) -> int:
    """Return the money in whole picodollars, rounded up: never less than what is meant."""
    return ceil(Fraction(usd) * PICO)


@dataclass(frozen=True)
class Amount:
    """Contains tokens, and money in picodollars. `money`: None if the price is unknown."""

    tokens: int = 0
    money: int | None = 0

    def __add__(self, other: "Amount") -> "Amount":
        unknown = self.money is None or other.money is None
        return Amount(self.tokens + other.tokens, None if unknown else (self.money or 0) + (other.money or 0))

    def times(self, count: int) -> "Amount":
        return Amount(self.tokens * count, None if self.money is None else self.money * count)

    @classmethod
    def at(cls, price: Price | None, input_tokens: int, output_tokens: int) -> Self:
        """Return the amount for so many tokens, none of which is read from a cache; rounded up."""
        if price is None:
            return cls(input_tokens + output_tokens, None)
        dearest = max(price.input, price.cached or 0)
        money = (Fraction(dearest) * input_tokens + Fraction(price.output) * output_tokens) / 10**6
        return cls(input_tokens + output_tokens, ceil(money * PICO))

    @classmethod
    def of(cls, usage: Usage, price: Price | None) -> Self:
        """Return what was used. Money that the worker did not tell is counted by the price."""
        if usage.usd is None:
            return cls.at(price, usage.input_tokens, usage.output_tokens)
        return cls(usage.input_tokens + usage.output_tokens, pico_of(usage.usd))
