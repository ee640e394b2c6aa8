"""Token counts of one answer, under the names that OpenAI's chat completions, its Responses and their many relatives use."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from orchestrator.llm.model import Usage
from orchestrator.llm.untrusted import count, mapping

#: Our name of each count to the places where it may be, the first that says something counts. Chat completions, Responses;
#: DeepSeek counts what it read from its cache beside the other counts.
PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "prompt_tokens": ("prompt_tokens", "input_tokens"),
    "completion_tokens": ("completion_tokens", "output_tokens"),
    "total_tokens": ("total_tokens",),
    "cached_tokens": ("prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "prompt_cache_hit_tokens"),
    "cache_write_tokens": ("prompt_tokens_details.cache_write_tokens", "input_tokens_details.cache_write_tokens"),
    "reasoning_tokens": ("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
}

#: The largest price that is believed, in US dollars.
_MAX_PRICE: Final = 1_000_000


def read(usage: Mapping[str, Any]) -> Usage:
    """The counts that can be believed, and the cost where the provider names it, as OpenRouter does in US dollars."""
    counts = {name: next(filter(None, _counts(usage, places)), 0) for name, places in PLACES.items()}
    counts["total_tokens"] = counts["total_tokens"] or counts["prompt_tokens"] + counts["completion_tokens"]
    return Usage(**counts, cost_usd=_cost(usage))


def _counts(usage: Mapping[str, Any], places: Iterable[str]) -> Iterable[int]:
    for place in places:
        *path, last = place.split(".")
        fields = usage
        for name in path:
            fields = mapping(fields.get(name))
        yield count(fields.get(last))


def _cost(usage: Mapping[str, Any]) -> Decimal | None:
    """With a key of the customer's own, `cost` is OpenRouter's fee, and the upstream's price comes on top of it."""
    fee, upstream = (_price(value) for value in (usage.get("cost"), mapping(usage.get("cost_details")).get("upstream_inference_cost")))
    return fee + (upstream or Decimal()) if fee is not None and usage.get("is_byok") is True else fee


def _price(value: Any) -> Decimal | None:
    is_price = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MAX_PRICE
    return Decimal(str(value)) if is_price else None
