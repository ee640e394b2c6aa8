"""OpenAI, by its chat completions and by its Responses."""

import re
from collections.abc import Callable
from typing import Final, Literal

from orchestrator.llm.capabilities import Capabilities, Exceptional
from orchestrator.llm.provider import Access, Provider, Variable
from orchestrator.llm.wire import Carrier
from orchestrator.llm.wires.chat.wire import ChatWire
from orchestrator.llm.wires.responses.wire import ResponsesWire

#: What a server speaks.
Api = Literal["chat", "responses"]


def by_openai_sdk(url: str, key: str, api: Api = "chat", default_url: str | None = None) -> Callable[[Access, int], Carrier]:
    """How the server is reached whose URL and key these variables hold."""

    def connect(access: Access, connections: int) -> Carrier:
        from orchestrator.llm.carriers.openai import OpenAICarrier, openai_client  # noqa: PLC0415 - SDKs take seconds to import

        return OpenAICarrier(openai_client(access.get(url) or default_url, access.get(key), max_connections=connections), api)

    return connect


NO_PARALLEL_FLAG: Final = Exceptional(
    models=re.compile(r"(?:^|/)(?:o1|o3|o4-mini)(?![a-z0-9])"),
    changes={"parallel_flag": None},
    reason="They answer 400 to the field: \"Unsupported parameter: 'parallel_tool_calls'\" (langchain#29704).",
)
REPEATS_CALLS: Final = Exceptional(
    models=re.compile(r"(?:^|/)gpt-4\.1-nano"),
    changes={},
    reason='It may make the same call twice in one answer; `"parallel_tool_calls": false` keeps it from that (OpenAI, "Function calling").',
)
NO_REASONING: Final = Exceptional(
    models=re.compile(r"(?:^|/|:)(?:gpt-3|gpt-4|chatgpt|gpt-5(?:\.\d+)?-chat)"),
    changes={"encrypted_reasoning": False},
    reason='They do not reason, and answer 400 to the wish: "Encrypted content is not supported with this model".',
)
_EXCEPTIONS: Final = (
    NO_PARALLEL_FLAG,
    REPEATS_CALLS,
    Exceptional(
        models=re.compile(r"^ft:"),
        changes={"strict_with_parallel": False},
        reason='Strict form is off when a fine-tuned model makes several calls in one answer (OpenAI, "Function calling").',
    ),
)

CHAT_USAGE: Final = {
    "prompt_tokens": "usage.prompt_tokens",
    "completion_tokens": "usage.completion_tokens",
    "total_tokens": "usage.total_tokens",
    "cached_tokens": "usage.prompt_tokens_details.cached_tokens",
    "cache_write_tokens": "usage.prompt_tokens_details.cache_write_tokens",
    "reasoning_tokens": "usage.completion_tokens_details.reasoning_tokens",
}
RESPONSES_USAGE: Final = {
    "prompt_tokens": "usage.input_tokens",
    "completion_tokens": "usage.output_tokens",
    "total_tokens": "usage.total_tokens",
    "cached_tokens": "usage.input_tokens_details.cached_tokens",
    "cache_write_tokens": "usage.input_tokens_details.cache_write_tokens",
    "reasoning_tokens": "usage.output_tokens_details.reasoning_tokens",
}
#: What Responses take of Sampling.
RESPONSES_SAMPLING: Final = frozenset({"temperature", "top_p", "max_completion_tokens", "reasoning_effort"})

_VARIABLES: Final = (
    Variable("OPENAI_API_KEY", "Key of OpenAI, or of the server at OPENAI_BASE_URL.", is_secret=True),
    Variable("OPENAI_BASE_URL", "Any server that speaks the same; OpenAI's own when unset.", is_url=True),
)
_CHAT: Final = Capabilities(parallel_flag="parallel_tool_calls", strict=True, strict_with_parallel=True, usage=CHAT_USAGE)


def _at(url: str) -> Access:
    return {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "none"}


OPENAI: Final = Provider(
    name="openai",
    title="OpenAI",
    example="openai/gpt-5-mini",
    capabilities=_CHAT,
    exceptions=_EXCEPTIONS,
    variables=_VARIABLES,
    needs=(("OPENAI_API_KEY", "OPENAI_BASE_URL"),),
    prices="openai",
    at=_at,
    wire=ChatWire,
    connect=by_openai_sdk("OPENAI_BASE_URL", "OPENAI_API_KEY"),
)

OPENAI_RESPONSES: Final = Provider(
    name="openai-responses",
    title="OpenAI",
    example="openai-responses/gpt-5-mini",
    capabilities=_CHAT.changed(sampling=RESPONSES_SAMPLING, usage=RESPONSES_USAGE),
    exceptions=(*_EXCEPTIONS, NO_REASONING),
    variables=_VARIABLES,
    needs=(("OPENAI_API_KEY", "OPENAI_BASE_URL"),),
    prices="openai",
    at=_at,
    wire=ResponsesWire,
    connect=by_openai_sdk("OPENAI_BASE_URL", "OPENAI_API_KEY", "responses"),
)
