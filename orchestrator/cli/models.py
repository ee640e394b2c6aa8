"""The models, as this environment sets them up for a command."""

from collections.abc import Mapping

from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.cli.masking import masked
from orchestrator.llm import access, setup
from orchestrator.llm.provider import Access
from orchestrator.llm.records import PROVIDERS, named


def load(environ: Mapping[str, str]) -> Access:
    """What reaches the providers. Raises CommandError that names each variable which holds no valid value."""
    found = access.read(PROVIDERS.values(), environ)
    if faults := "; ".join(setup.faults(found)):
        raise CommandError(ExitCode.USAGE, f"{faults}.")
    return found


def doubts(model: str, found: Access) -> list[str]:
    """What will not work as it seems to, where this is the default model."""
    problem = setup.problem(model, found)
    return [*([problem] if problem else []), *setup.halves(found)]


def place(model: str, found: Access) -> str:
    """Who is asked for a model, and where, if not at the provider's own server."""
    provider = PROVIDERS[named(model).provider]
    url = provider.url(found)
    return f"{provider.title} at {masked(url)}" if url else provider.title
