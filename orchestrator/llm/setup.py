"""What the environment sets up for models, and what of it cannot work: in words, for the operator."""

import re
from collections.abc import Iterator
from typing import Final

from orchestrator.llm.provider import Access, Provider
from orchestrator.llm.records import PROVIDERS, configured, incomplete, named, of_others, unknown, variables

_URL: Final = re.compile(r"https?://[^/?#\s]\S*", re.IGNORECASE)


def titles(access: Access) -> tuple[str, ...]:
    """The providers whose variables are set, as people call them."""
    return tuple(dict.fromkeys(provider.title for provider in PROVIDERS.values() if provider.is_set(access)))


def faults(access: Access) -> Iterator[str]:
    """Values that cannot be what their variables ask for. They are not told, for they may be secrets in the wrong place."""
    for variable in variables():
        value = access.get(variable.name)
        if value and variable.is_url and not _URL.fullmatch(value):
            yield f"`{variable.name}` must begin with http:// or https://"


def problem(model: str, access: Access) -> str | None:
    """Why runs that name no model will be refused, with what to do, where this model is the default one. None when they will not, and
    where nothing is set up: the local stack has the scripted model then."""
    if wrong := incomplete(model) or (unknown(model) if configured(access) and of_others(access) else None):
        return f"TOOLCHORD_MODEL is {model}. {wrong}"
    provider = PROVIDERS[named(model).provider]
    missing = provider.missing(access)
    if not missing:
        said = provider.problem(access)
        return f"TOOLCHORD_MODEL is {model}. {said}" if said else None
    if not configured(access) and not _given(provider, access):
        return None
    another = next((f", or TOOLCHORD_MODEL to a model of {other.title}, such as {other.example}" for other in _usable(access)), "")
    return f"TOOLCHORD_MODEL is {model}, but {provider.title} is not set up: set {missing}{another}."


def halves(access: Access) -> tuple[str, ...]:
    """Providers of which something is set, but not all that is needed."""
    return tuple(dict.fromkeys(_halves(access)))


def _halves(access: Access) -> Iterator[str]:
    for provider in PROVIDERS.values():
        given, missing = _given(provider, access), provider.missing(access)
        if given and missing:
            verb = "are" if len(given) > 1 else "is"
            yield f"{' and '.join(given)} {verb} set without {missing}: {provider.title} is not set up."


def _given(provider: Provider, access: Access) -> list[str]:
    """The provider's variables that are set, without those of another one that is set up."""
    others = {variable.name for each in PROVIDERS.values() if each.is_set(access) for variable in each.variables}
    return [variable.name for variable in provider.variables if access.get(variable.name) and variable.name not in others]


def _usable(access: Access) -> Iterator[Provider]:
    return (provider for provider in PROVIDERS.values() if provider.problem(access) is None)
