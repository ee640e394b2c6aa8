"""The providers that Toolchord knows. Another one is a file in `providers` with its record, and a line here."""

from collections.abc import Mapping
from typing import Final

from orchestrator.llm.provider import Access, ModelName, Provider, Variable
from orchestrator.llm.providers.anthropic import ANTHROPIC
from orchestrator.llm.providers.azure import AZURE, AZURE_RESPONSES
from orchestrator.llm.providers.compatible import COMPATIBLE
from orchestrator.llm.providers.google import GOOGLE, VERTEX
from orchestrator.llm.providers.openai import OPENAI, OPENAI_RESPONSES
from orchestrator.llm.providers.openrouter import OPENROUTER

#: A model that names no provider is this one's.
DEFAULT: Final = "openai"

PROVIDERS: Final[Mapping[str, Provider]] = {
    provider.name: provider
    for provider in (
        OPENAI,
        OPENAI_RESPONSES,
        AZURE,
        AZURE_RESPONSES,
        OPENROUTER,
        ANTHROPIC,
        GOOGLE,
        VERTEX,
        *COMPATIBLE,
    )
}


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
