"""The providers that Toolchord knows. Another one is a record here, with a wire or a carrier of its own where it speaks its own."""

from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.provider import Access, ModelName, Provider, Variable
from orchestrator.llm.wire import Carrier
from orchestrator.llm.wires.chat import ChatWire

#: A model that names no provider is this one's.
DEFAULT: Final = "openai"


def _openai_sdk(base_url: str, api_key: str) -> Callable[[Access, int], Carrier]:
    def connect(access: Access, connections: int) -> Carrier:
        from orchestrator.llm.carriers.openai import OpenAICarrier  # noqa: PLC0415 - SDKs take seconds to import

        return OpenAICarrier(access.get(base_url), access.get(api_key), max_connections=connections)

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
    connect=_openai_sdk("OPENAI_BASE_URL", "OPENAI_API_KEY"),
)

PROVIDERS: Final[Mapping[str, Provider]] = {provider.name: provider for provider in (OPENAI,)}


def named(model: str) -> ModelName:
    """The provider that a run's model names, and that provider's own name of the model."""
    first, slash, rest = model.partition("/")
    return ModelName(first, rest) if slash and rest and first in PROVIDERS else ModelName(DEFAULT, model)


def configured(access: Access) -> bool:
    """Whether any provider is."""
    return any(provider.is_set(access) for provider in PROVIDERS.values())


def variables() -> tuple[Variable, ...]:
    """All that lead to providers, each once."""
    return tuple({variable.name: variable for provider in PROVIDERS.values() for variable in provider.variables}.values())
