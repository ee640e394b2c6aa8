"""Servers that speak OpenAI's chat completions. A server of a name of its own has a record with what is known of it; all
others share one."""

from typing import Final

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.provider import Access, Provider, Variable
from orchestrator.llm.providers.openai import CHAT_USAGE, by_openai_sdk
from orchestrator.llm.wires.chat.wire import ChatWire

#: What can be relied on everywhere. Constrained answers and tools exclude each other on most servers.
_COMMON: Final = Capabilities(
    parallel_flag="parallel_tool_calls",
    strict=False,
    strict_with_parallel=False,
    call_ids="repeated",
    stream_index="doubted",
    response_format_with_tools=False,
    developer_role=False,
    max_tokens_field="max_tokens",
    usage=CHAT_USAGE,
)


def _server(
    name: str,
    title: str,
    model: str,
    capabilities: Capabilities,
    *,
    url: str | None = None,
    local_url: str | None = None,
    prices: str | None = None,
) -> Provider:
    """A server. One with a `url` is reached there with a key; any other where its variable says, which the operator sets
    even for its usual `local_url`, because a run must not reach what nobody offered."""
    prefix = name.upper().replace("-", "_")
    url_variable, key_variable = f"{prefix}_BASE_URL", f"{prefix}_API_KEY"
    place = f"{title}'s own when unset" if url else f"by default it listens at {local_url}" if local_url else "up to and with /v1"

    def at(root: str) -> Access:
        return {url_variable: f"{root}/v1", key_variable: "none"}

    return Provider(
        name=name,
        title=title,
        example=f"{name}/{model}",
        capabilities=capabilities,
        variables=(
            Variable(url_variable, f"The server; {place}.", is_url=True),
            Variable(key_variable, "Its key." if url else "Its key, if it has one.", is_secret=True),
        ),
        needs=((key_variable, url_variable),) if url else ((url_variable,),),
        prices=prices,
        at=at,
        wire=ChatWire,
        connect=by_openai_sdk(url_variable, key_variable, default_url=url),
    )


COMPATIBLE: Final = (
    _server("openai-compatible", "the compatible server", "qwen3", _COMMON),
    _server(
        "vllm",
        "vLLM",
        "Qwen/Qwen3-32B",
        # Arguments are free text unless a tool is strict (vLLM, "Tool calling"). Kimi's ids repeat in each turn (vllm#50295).
        _COMMON.changed(strict=True, strict_with_parallel=True, echoed=_COMMON.echoed | {"reasoning"}),
        local_url="http://localhost:8000/v1",
    ),
    _server(
        "ollama",
        "Ollama",
        "qwen3",
        # The flag is not among the fields it takes (Ollama, "OpenAI compatibility"); ids came with 0.12.10 (ollama#7881, #15457).
        _COMMON.changed(parallel_flag=None, call_ids="optional", echoed=_COMMON.echoed | {"reasoning"}),
        local_url="http://localhost:11434/v1",
    ),
    # Several calls only where the flag is sent as true; all of a stream have index 0 (llama.cpp#18591).
    _server("llamacpp", "llama.cpp", "local", _COMMON, local_url="http://localhost:8080/v1"),
    # It ignores the flag (lmstudio-bug-tracker#1756).
    _server("lmstudio", "LM Studio", "local", _COMMON.changed(parallel_flag=None), local_url="http://localhost:1234/v1"),
    _server(
        "deepseek",
        "DeepSeek",
        "deepseek-chat",
        # It knows JSON but no schema as a form (DeepSeek, "JSON output"), and wants its reasoning_content back.
        _COMMON.changed(
            parallel_flag=None,
            call_ids="unique",
            stream_index="trusted",
            response_format="tool",
            usage={**CHAT_USAGE, "cached_tokens": "usage.prompt_cache_hit_tokens"},
        ),
        url="https://api.deepseek.com/v1",
        prices="deepseek",
    ),
    _server(
        "groq",
        "Groq",
        "openai/gpt-oss-120b",
        # It has no forms beside tools or in a stream (Groq, "Structured outputs"), and refuses reasoning that is sent back.
        _COMMON.changed(
            call_ids="unique",
            stream_index="trusted",
            response_format="tool",
            max_tokens_field="max_completion_tokens",
            echoed=frozenset[str](),
            retried_statuses=_COMMON.retried_statuses | {498},
        ),
        url="https://api.groq.com/openai/v1",
        prices="groq",
    ),
)
