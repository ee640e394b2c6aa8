"""OpenRouter, a gateway to the models of many providers."""

from typing import Final

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.provider import Provider, Variable
from orchestrator.llm.providers.openai import CHAT_USAGE, NO_PARALLEL_FLAG, REPEATS_CALLS, by_openai_sdk
from orchestrator.llm.wires.chat.wire import ChatWire

OPENROUTER: Final = Provider(
    name="openrouter",
    title="OpenRouter",
    example="openrouter/google/gemini-2.5-flash-lite",
    capabilities=Capabilities(
        parallel_flag="parallel_tool_calls",
        strict=True,
        strict_with_parallel=True,
        # Ids come from the provider behind it: Kimi's repeat in each turn (hermes-agent#72766).
        call_ids="repeated",
        # Gemini's calls come without an index of their own (litellm#16188).
        stream_index="doubted",
        # Signed models want their reasoning back unmodified.
        echoed=frozenset({"reasoning", "reasoning_details"}),
        # `tools` must be in the request with the results too (OpenRouter, "Tool calling").
        tools_with_calls=True,
        # 402 only where Retry-After says that calls under way hold the credit.
        retried_statuses=frozenset({402, 408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}),
        usage={**CHAT_USAGE, "cost_usd": "usage.cost + usage.cost_details.upstream_inference_cost with a key of your own"},
    ),
    exceptions=(NO_PARALLEL_FLAG, REPEATS_CALLS),
    variables=(
        Variable("OPENROUTER_API_KEY", "Key of OpenRouter, or of the server at OPENROUTER_BASE_URL.", is_secret=True),
        Variable("OPENROUTER_BASE_URL", "Any server that speaks the same; OpenRouter's own when unset.", is_url=True),
    ),
    needs=(("OPENROUTER_API_KEY", "OPENROUTER_BASE_URL"),),
    prices="openrouter",
    at=lambda url: {"OPENROUTER_BASE_URL": f"{url}/api/v1", "OPENROUTER_API_KEY": "none"},
    wire=ChatWire,
    connect=by_openai_sdk("OPENROUTER_BASE_URL", "OPENROUTER_API_KEY", default_url="https://openrouter.ai/api/v1"),
)
