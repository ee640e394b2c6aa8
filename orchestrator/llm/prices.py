"""What a model call costs, by the list of prices that the package genai-prices brings. It asks no network."""

import warnings
from decimal import Decimal

from orchestrator.llm.model import Usage


def cost(provider: str | None, model: str, usage: Usage) -> Decimal | None:
    """The cost in US dollars; None where the list has no such provider or model, or the counts contradict each other.
    `provider` is the list's own name of it."""
    if provider is None or not model:
        return None
    import genai_prices  # noqa: PLC0415 - its list takes a while to read, and only the coordinator needs it

    counts = genai_prices.Usage(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.completion_tokens,
    )
    try:
        with warnings.catch_warnings(action="ignore"):
            return genai_prices.calc_price(counts, model, provider_id=provider).total_price
    except (LookupError, ValueError):
        return None


def priced(usage: Usage, provider: str | None, model: str) -> Usage:
    """The usage with its cost: the provider's own where it said one, or the list's."""
    if usage.cost_usd is not None:
        return usage
    return usage.model_copy(update={"cost_usd": cost(provider, model, usage)})
