"""The providers that Toolchord knows. Another one is a file in `providers` with its record, and a line here."""

from collections.abc import Mapping
from difflib import get_close_matches
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
#: Stands for all names of models that begin with no provider's: they are another server's, in the default provider's place.
OTHERS: Final = "*"

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


def incomplete(model: str) -> str | None:
    """What to tell of a name with an empty part before or after its first slash; None of every other."""
    first, slash, rest = model.partition("/")
    if not slash or (first and rest):
        return None
    missing = "no model after" if first else "no provider before"
    return f"{model!r} names {missing} its slash. Write PROVIDER/MODEL, such as {PROVIDERS[DEFAULT].example}."


def unknown(model: str) -> str | None:
    """What to tell of a name that begins with no provider's, where `of_others` does not allow it; None of every other."""
    first, slash, _ = model.partition("/")
    if not slash or first in PROVIDERS:
        return None
    likely = "".join(f" Did you mean {name}?" for name in get_close_matches(first.lower(), PROVIDERS, n=1))
    return (
        f"{first!r} is no provider that Toolchord knows.{likely} Known: {', '.join(PROVIDERS)}. "
        f"A model of {PROVIDERS[DEFAULT].title} with a slash in its name is {DEFAULT}/{model}."
    )


def of_others(access: Access) -> str | None:
    """Why no name may begin with what is no provider's; None where the default provider is another server, whose names may."""
    return None if access.get("OPENAI_BASE_URL") else "OPENAI_BASE_URL is not set."


def configured(access: Access) -> bool:
    """Whether any provider is."""
    return any(provider.is_set(access) for provider in PROVIDERS.values())


def variables() -> tuple[Variable, ...]:
    """All that lead to providers, each once."""
    return tuple({variable.name: variable for provider in PROVIDERS.values() for variable in provider.variables}.values())
