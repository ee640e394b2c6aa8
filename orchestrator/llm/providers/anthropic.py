"""Anthropic."""

import re
from typing import Final

from orchestrator.llm.capabilities import Capabilities, Exceptional
from orchestrator.llm.provider import Access, Provider, Variable
from orchestrator.llm.wire import Carrier
from orchestrator.llm.wires.messages.answer import joined
from orchestrator.llm.wires.messages.wire import MessagesWire


def _connect(access: Access, connections: int) -> Carrier:
    from orchestrator.llm.carriers.anthropic import AnthropicCarrier  # noqa: PLC0415 - SDKs take seconds to import

    keys = access.get("ANTHROPIC_API_KEY"), access.get("ANTHROPIC_AUTH_TOKEN")
    return AnthropicCarrier(access.get("ANTHROPIC_BASE_URL"), *keys, max_connections=connections)


_CAPABILITIES: Final = Capabilities(
    parallel_flag="disable_parallel_tool_use",
    strict=True,
    strict_with_parallel=True,
    error_flag="is_error",
    tools_with_calls=True,
    # API version 2026-10-21, which the SDK asks for, answers 400 to temperature and top_p.
    sampling=frozenset({"max_completion_tokens", "stop", "reasoning_effort"}),
    usage={
        "prompt_tokens": "usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens",
        "completion_tokens": "usage.output_tokens",
        "cached_tokens": "usage.cache_read_input_tokens",
        "cache_write_tokens": "usage.cache_creation_input_tokens",
        "reasoning_tokens": "usage.output_tokens_details.thinking_tokens",
    },
)

_EXCEPTIONS: Final = (
    Exceptional(
        models=re.compile(r"claude-(?:fable|mythos)-5-[1-9](?!\d)|claude-(?:opus|sonnet)-5-5"),
        changes={"forced_choice": False},
        reason='They answer 400 to a forced choice, since they always may think first ("What\'s new in Claude Opus 5.5").',
    ),
    Exceptional(
        models=re.compile(r"claude-fable-5-[1-9](?!\d)|claude-(?:opus|sonnet|haiku)-5-5"),
        changes={"bound_thinking": True},
        reason='They answer 400 to thinking behind a changed beginning, unless told to drop it ("What\'s new in Claude Fable 5.1").',
    ),
    Exceptional(
        models=re.compile(r"claude-3|claude-haiku-4|claude-sonnet-4(?!-6)|claude-opus-4(?!-[5-8](?!\d))"),
        changes={"sampling": _CAPABILITIES.sampling - {"reasoning_effort"}},
        reason='They know no effort ("Effort").',
    ),
    Exceptional(
        models=re.compile(r"claude-3|claude-(?:sonnet|opus)-4(?:-[0-3]|@|$)"),
        changes={"strict": False, "strict_with_parallel": False, "response_format": "tool"},
        reason='Before 4.5 neither arguments nor answers can be bound to a schema ("Structured outputs").',
    ),
)

ANTHROPIC: Final = Provider(
    name="anthropic",
    title="Anthropic",
    example="anthropic/claude-sonnet-5-5",
    capabilities=_CAPABILITIES,
    exceptions=_EXCEPTIONS,
    variables=(
        Variable("ANTHROPIC_API_KEY", "Key of Anthropic, or of the server at ANTHROPIC_BASE_URL.", is_secret=True),
        Variable("ANTHROPIC_AUTH_TOKEN", "Token in the place of a key.", is_secret=True),
        Variable("ANTHROPIC_BASE_URL", "Any server of the Messages API, without /v1.", is_url=True),
    ),
    needs=(("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"),),
    extra=("anthropic", "anthropic"),
    prices="anthropic",
    at=lambda url: {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none"},
    wire=MessagesWire,
    resumed=joined,
    connect=_connect,
)
