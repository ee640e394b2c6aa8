"""How a process may reach its providers: the variables that their records name, from the environment or from files."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.llm.provider import Access, Provider
from tasks.environment import SECRETS_VARIABLE


def read(providers: Iterable[Provider], environ: Mapping[str, str] | None = None) -> Access:
    """The variables that are set. One of the environment wins over a file of its name, as for every setting."""
    given = os.environ if environ is None else environ
    folder = given.get(SECRETS_VARIABLE)
    names = sorted({variable.name for provider in providers for variable in provider.variables})
    found = {name: _value(name, given, Path(folder) if folder else None) for name in names}
    return {name: value for name, value in found.items() if value}


def _value(name: str, environ: Mapping[str, str], folder: Path | None) -> str:
    value = environ.get(name) or environ.get(name.lower()) or ""
    if value or folder is None:
        return value.strip()
    file = next((path for path in (folder / name, folder / name.lower()) if path.is_file()), None)
    return file.read_text().strip() if file else ""
