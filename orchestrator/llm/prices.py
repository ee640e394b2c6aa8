"""What model calls cost, by the prices that genai-prices keeps."""

import warnings
from decimal import Decimal

import genai_prices

from orchestrator.llm.model import Usage


def cost(provider: str | None, model: str, usage: Usage) -> Decimal | None:
    """The price of a model call in US dollars; None where it is not known. `provider` is the name there."""
    if provider is None:
        return None
    tokens = genai_prices.Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    try:
        with warnings.catch_warnings(action="ignore"):
            return genai_prices.calc_price(tokens, model, provider_id=provider).total_price
    except (LookupError, ValueError):
        return None
