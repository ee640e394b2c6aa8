"""Token counts in the shapes of several providers, and what they cost."""

from decimal import Decimal
from typing import Any

import pytest

from orchestrator.llm import prices, usage
from orchestrator.llm.model import Usage


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            {
                "prompt_tokens": 30,
                "completion_tokens": 10,
                "total_tokens": 40,
                "prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 4},
            },
            Usage(prompt_tokens=30, completion_tokens=10, total_tokens=40, cached_tokens=20, cache_write_tokens=5, reasoning_tokens=4),
            id="openai",
        ),
        pytest.param(
            {"input_tokens": 30, "output_tokens": 10, "output_tokens_details": {"reasoning_tokens": 4}},
            Usage(prompt_tokens=30, completion_tokens=10, total_tokens=40, reasoning_tokens=4),
            id="responses-without-a-total",
        ),
        pytest.param(
            {"prompt_tokens": 563, "completion_tokens": 116, "prompt_cache_hit_tokens": 512, "prompt_cache_miss_tokens": 51},
            Usage(prompt_tokens=563, completion_tokens=116, total_tokens=679, cached_tokens=512),
            id="deepseek",
        ),
        pytest.param(
            {"prompt_tokens": 43, "completion_tokens": 10, "total_tokens": 53, "cost": 0.00014, "is_byok": False},
            Usage(prompt_tokens=43, completion_tokens=10, total_tokens=53, cost_usd=Decimal("0.00014")),
            id="openrouter",
        ),
        pytest.param(
            {"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}, Usage(cost_usd=Decimal("0.21")), id="own-key"
        ),
        pytest.param(
            {"prompt_tokens": 336, "completion_tokens": 96, "total_tokens": 432, "queue_time": 0.005, "total_time": 1.1},
            Usage(prompt_tokens=336, completion_tokens=96, total_tokens=432),
            id="groq",
        ),
        pytest.param({"cost": "free", "prompt_tokens_details": 7}, Usage(), id="junk"),
        pytest.param({"cost": -1, "total_tokens": True}, Usage(total_tokens=1), id="impossible"),
        pytest.param({"cost": float("nan")}, Usage(), id="nan"),
        pytest.param({"cost": 1e12}, Usage(), id="more-than-a-row-holds"),
    ],
)
def test_counts_are_found_where_each_provider_has_them(said: dict[str, Any], expected: Usage) -> None:
    """Alike for all."""
    assert usage.read(said) == expected


COUNTS = Usage(prompt_tokens=1000, completion_tokens=100, total_tokens=1100, cached_tokens=200)


def test_a_cost_follows_the_list_of_prices() -> None:
    """What was read from the cache costs less."""
    cost, uncached = (prices.cost("openai", "gpt-5-mini", COUNTS.model_copy(update={"cached_tokens": cached})) for cached in (200, 0))
    assert cost is not None
    assert uncached is not None
    assert 0 < cost < uncached


@pytest.mark.parametrize(
    ("provider", "model", "counts"),
    [
        pytest.param(None, "gpt-5-mini", COUNTS, id="no-provider"),
        pytest.param("openai", "nobody-has-it", COUNTS, id="no-model"),
        pytest.param("nobody", "gpt-5-mini", COUNTS, id="unknown-provider"),
        pytest.param("openai", "", COUNTS, id="no-name"),
        pytest.param("openai", "gpt-5-mini", COUNTS.model_copy(update={"cached_tokens": 2000}), id="more-from-the-cache-than-there-was"),
    ],
)
def test_what_has_no_price_has_no_cost(provider: str | None, model: str, counts: Usage) -> None:
    """It is not guessed."""
    assert prices.cost(provider, model, counts) is None


def test_the_providers_own_cost_wins() -> None:
    """It knows best."""
    own = COUNTS.model_copy(update={"cost_usd": Decimal(1)})
    assert prices.priced(own, "openai", "gpt-5-mini").cost_usd == 1
    assert prices.priced(COUNTS, "openai", "my-deployment", "gpt-5-mini").cost_usd == prices.cost("openai", "gpt-5-mini", COUNTS)
