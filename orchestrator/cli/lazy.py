"""A group of commands whose modules are imported when they are chosen.

Imported all at once they take 1.1 s, most of it for SQLAlchemy, the model's client and FastAPI; alone, help and every
command that only asks the API take 0.2 s. This is the one place where our own code is imported by name.
"""

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class Entry(NamedTuple):
    """A command and the module that holds it, as a Typer named `app`."""

    name: str
    module: str
    help: str


class LazyGroup(TyperGroup):
    """Lists its commands by their entries alone; the entries are those of the subclass."""

    entries: Sequence[Entry] = ()

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for entry in self.entries:
            self.add_command(TyperCommand(entry.name, help=entry.help))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, _, rest = super().resolve_command(ctx, args)
        return name, self._import(name) if name else None, rest

    def _import(self, name: str) -> Any:
        module = next(entry.module for entry in self.entries if entry.name == name)
        return get_command(importlib.import_module(module).app)
