"""The commands, by their own help."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from typer.main import get_command

from orchestrator.cli.errors import ExitCode
from orchestrator.cli.root import app
from scripts.reference.markdown import code, table

_WIDTH: Final = 100


def _commands() -> str:
    return "\n\n".join(_described(get_command(app), None, "toolchord"))


def _described(command: Any, parent: Any, name: str) -> Iterator[str]:
    """The help of a command, then of those below it."""
    context = command.context_class(
        command, parent=parent, info_name=name, terminal_width=_WIDTH, max_content_width=_WIDTH, **command.context_settings
    )
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context).rstrip()}\n```"
    for below in getattr(command, "commands", ()):
        _, found, _ = command.resolve_command(context, [below])
        yield from _described(found, context, below)


def _exit_codes() -> str:
    return table(("code", "meaning"), ((code(found.value), found.meaning) for found in ExitCode))


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {"commands": _commands, "exit-codes": _exit_codes}
