"""`toolchord config`: the settings, as this environment gives them."""

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr
from rich.text import Text

from orchestrator.cli import configuration, output
from orchestrator.cli.options import AsJson, examples, make_typer
from orchestrator.llm import access, records
from orchestrator.llm.records import PROVIDERS
from orchestrator.settings import Settings

_MASK = "********"

app = make_typer("Check the settings.")


class _Setting(NamedTuple):
    variable: str
    value: str | None
    source: str


@app.command(epilog=examples("toolchord config check", "toolchord config check --json | jq -r '.settings[].variable'"))
def check(*, as_json: AsJson = False) -> None:
    """Print every setting with its value and where that came from; secrets are masked.

    Exits with 2 when a value is not valid, and names its variable.
    """
    settings = [*_read(configuration.load(), os.environ), *_providers(os.environ)]
    doubts = list(_doubts(os.environ, [setting.variable for setting in settings]))
    if as_json:
        output.print_json({"settings": [setting._asdict() for setting in settings], "warnings": [*doubts]})
        return
    output.print_table(("Setting", "Value", "From"), map(_row, settings), empty="No settings.")
    for doubt in doubts:
        output.note(doubt)


def _read(settings: Settings, environ: Mapping[str, str]) -> Iterator[_Setting]:
    for field in Settings.model_fields:
        variable = configuration.variable_of(field)
        given = {name for name, value in environ.items() if value and name.upper() == variable}
        source = "environment" if given else "file" if field in settings.model_fields_set else "default"
        yield _Setting(variable, _shown(getattr(settings, field)), source)


def _providers(environ: Mapping[str, str]) -> Iterator[_Setting]:
    """What reaches the providers of models."""
    found = access.read(PROVIDERS.values(), environ)
    for variable in records.variables():
        value = found.get(variable.name)
        given = any(environ.get(name) for name in (variable.name, variable.name.lower()))
        source = "default" if value is None else "environment" if given else "file"
        yield _Setting(variable.name, _masked(value) if value and variable.is_secret else value, source)


def _shown(value: object) -> str | None:
    if isinstance(value, SecretStr):
        return _masked(value.get_secret_value())
    return None if value is None else str(value)


def _masked(secret: str) -> str:
    """A URL without its password and options, anything else not at all."""
    try:
        url = urlsplit(secret)
        host = f"{url.hostname or ''}{f':{url.port}' if url.port else ''}"
    except ValueError:
        return _MASK
    if not url.scheme or not url.netloc:
        return _MASK
    user = f"{url.username or ''}:{_MASK}@" if url.password else f"{url.username}@" if url.username else ""
    return f"{url.scheme}://{user}{host}{url.path}"


def _row(setting: _Setting) -> tuple[str | Text, ...]:
    style = "" if setting.source != "default" else "dim"
    return setting.variable, Text(setting.value or "not set", style), Text(setting.source, style)


def _doubts(environ: Mapping[str, str], known: Iterable[str]) -> Iterator[str]:
    """Variables that look like a setting misspelt. Others of the prefix may be another process's."""
    names = list(known)
    for name in sorted(set(environ) - set(names)):
        if name.startswith("TOOLCHORD_") and (near := get_close_matches(name, names, n=1, cutoff=0.85)):
            yield f"{name} is no setting. Did you mean {near[0]}?"
