"""OpenAI."""

from collections.abc import Callable
from typing import Final, Literal

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.provider import Access, Provider, Variable
from orchestrator.llm.wire import Carrier
from orchestrator.llm.wires.chat import ChatWire

#: What a server speaks.
Api = Literal["chat", "responses"]


def by_openai_sdk(url: str, key: str, api: Api = "chat", default_url: str | None = None) -> Callable[[Access, int], Carrier]:
    """How the server is reached whose URL and key these variables hold."""

    def connect(access: Access, connections: int) -> Carrier:
        from orchestrator.llm.carriers.openai import OpenAICarrier, openai_client  # noqa: PLC0415 - SDKs take seconds to import

        return OpenAICarrier(openai_client(access.get(url) or default_url, access.get(key), max_connections=connections), api)

    return connect


OPENAI: Final = Provider(
    name="openai",
    title="OpenAI",
    example="openai/gpt-5-mini",
    capabilities=Capabilities(parallel_flag="parallel_tool_calls", strict=True, strict_with_parallel=True),
    variables=(
        Variable("OPENAI_API_KEY", "Key of OpenAI, or of the server at OPENAI_BASE_URL.", is_secret=True),
        Variable("OPENAI_BASE_URL", "Any server of the chat-completions format."),
    ),
    needs=(("OPENAI_API_KEY", "OPENAI_BASE_URL"),),
    prices="openai",
    at=lambda url: {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "none"},
    wire=ChatWire,
    connect=by_openai_sdk("OPENAI_BASE_URL", "OPENAI_API_KEY"),
)
