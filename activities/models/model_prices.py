"""Prices calls of models: by what an alias says, otherwise by the list of genai-prices that is installed.

The list is never updated from the network. A price that nobody knows is None, and never 0.
"""

from decimal import Decimal
from typing import Any

from genai_prices import calc_price
from genai_prices.types import TieredPrices
from pydantic_ai.models import Model
from pydantic_ai.usage import RequestUsage

from wand_orchestrator.contract.model_call import Price, Usage
from wand_orchestrator.models.model_catalog import NamedModel

MILLION = 1_000_000


def used(usage: RequestUsage, named: NamedModel, model: Model) -> Usage:
    """Return what one call used, and what it cost."""
    told = Usage(
        requests=1,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=min(usage.cache_read_tokens, usage.input_tokens),
        reasoning_tokens=min(usage.details.get("reasoning_tokens", 0), usage.output_tokens),
    )
    if usage.unmeasured_requests:
        return told
    return told.model_copy(update={"usd": _cost(told, usage, named, model)})


def _cost(told: Usage, usage: RequestUsage, named: NamedModel, model: Model) -> float | None:
    price = None if named.alias is None else named.alias.usd_per_million
    if price is not None:
        cached = price.input if price.cached is None else price.cached
        fresh = told.input_tokens - told.cached_tokens
        return (fresh * price.input + told.cached_tokens * cached + told.output_tokens * price.output) / MILLION
    try:
        return float(calc_price(usage, model.model_name, provider_api_url=model.base_url).total_price)
    except LookupError:
        return None


def price_of(named: NamedModel, model: Model) -> Price | None:
    """Return the price of a model's tokens; of one whose price rises with the length of its input, the highest."""
    if named.alias is not None and named.alias.usd_per_million is not None:
        return Price(**named.alias.usd_per_million.model_dump())
    try:
        calculated = calc_price(RequestUsage(), model.model_name, provider_api_url=model.base_url)
    except LookupError:
        return None
    listed = calculated.model_price
    if (given := _highest(listed.input_mtok)) is None or (answered := _highest(listed.output_mtok)) is None:
        return None
    return Price(input=given, output=answered, cached=_highest(listed.cache_read_mtok))


def _highest(price: Any) -> float | None:
    if price is None:
        return None
    if isinstance(price, TieredPrices):
        return float(max(Decimal(price.base), *(tier.price for tier in price.tiers)))
    return float(price)
