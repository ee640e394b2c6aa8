"""`toolchord config`: the settings, as this environment gives them."""

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from pydantic import SecretStr
from rich.text import Text

from orchestrator.cli import configuration, models, output
from orchestrator.cli.masking import masked
from orchestrator.cli.options import AsJson, examples, make_typer
from orchestrator.llm import records
from orchestrator.llm.provider import Access
from orchestrator.settings import Settings

app = make_typer("Check the settings.")


class _Setting(NamedTuple):
    variable: str
    value: str | None
    source: str


@app.command(epilog=examples("toolchord config check", "toolchord config check --json | jq -r '.settings[].variable'"))
def check(*, as_json: AsJson = False) -> None:
    """Print every setting with its value and where that came from; secrets are masked.

    Exits with 2 when a value is not valid, and names its variable. Warns of a default model that cannot be asked, of providers
    that are set up by half, and of variables that look misspelt.
    """
    ours, access = configuration.load(), models.load(os.environ)
    settings = [*_read(ours, os.environ), *_providers(access, os.environ)]
    doubts = [*_misspelt(os.environ, [setting.variable for setting in settings]), *models.doubts(ours.model, access)]
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


def _providers(access: Access, environ: Mapping[str, str]) -> Iterator[_Setting]:
    """What reaches the providers of models."""
    for variable in records.variables():
        value = access.get(variable.name)
        given = any(environ.get(name) for name in (variable.name, variable.name.lower()))
        source = "default" if value is None else "environment" if given else "file"
        yield _Setting(variable.name, masked(value) if value and (variable.is_secret or variable.is_url) else value, source)


def _shown(value: object) -> str | None:
    if isinstance(value, SecretStr):
        return masked(value.get_secret_value())
    return None if value is None else str(value)


def _row(setting: _Setting) -> tuple[str | Text, ...]:
    style = "" if setting.source != "default" else "dim"
    return setting.variable, Text(setting.value or "not set", style), Text(setting.source, style)


def _misspelt(environ: Mapping[str, str], known: Iterable[str]) -> Iterator[str]:
    """Variables that look like a setting misspelt. Others of the prefix may be another process's."""
    names = list(known)
    for name in sorted(set(environ) - set(names)):
        if name.startswith("TOOLCHORD_") and (near := get_close_matches(name, names, n=1, cutoff=0.85)):
            yield f"{name} is no setting. Did you mean {near[0]}?"
