"""The command `toolchord` and the list of what it can do."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from orchestrator.cli import output
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.cli.lazy import Entry, LazyGroup
from orchestrator.cli.options import HELP_OPTIONS


def _entry(name: str, sentence: str) -> Entry:
    return Entry(name, f"{__package__}.{name.replace('-', '_')}", sentence)


class _Commands(LazyGroup):
    entries = (
        _entry("demo", "Answer a question with three parallel tool calls, here."),
        _entry("up", "Run the whole stack on this machine until Ctrl-C."),
        _entry("run", "Ask a question and watch its tool calls."),
        _entry("runs", "List, show, watch and cancel runs."),
        _entry("tools", "List, show and try tools."),
        _entry("config", "Check the settings."),
        _entry("db", "Bring the database to the newest schema, or check it."),
        _entry("watcher", "Run a watcher, which sends again what was lost."),
        _entry("scripted-model", "Serve the scripted model, which needs no key."),
        _entry("openapi", "Print the API's OpenAPI document."),
    )


app = typer.Typer(
    cls=_Commands,
    # The first line keeps the others from being filled to a paragraph.
    epilog="\n".join(("\b", "Exit codes:", *(f"  {code.value:<4} {code.meaning}" for code in ExitCode))),
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP_OPTIONS,
)


def _print_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it with the option's value.
    if value:
        output.say(f"toolchord {version('toolchord')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    *,
    _version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Durable parallel tool calls on Celery."""
    if context.invoked_subcommand is None:
        output.ERR.print(context.get_help(), soft_wrap=True)
        raise typer.Exit(ExitCode.USAGE)


def main() -> None:
    """Runs the command that the arguments name and ends the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command and gives its exit code; what went wrong is one line on standard error."""
    try:
        return app(arguments, prog_name="toolchord", standalone_mode=False) or ExitCode.OK
    except CommandError as error:
        return _fail(error.code, str(error))
    except typer.TyperException as error:
        context: typer.Context | None = getattr(error, "ctx", None)
        hint = f" See `{context.command_path} --help`." if context else ""
        return _fail(error.exit_code, _sentence(error.format_message()) + hint)
    except SystemExit as end:
        # A setting that is missing ends a process with a sentence.
        if isinstance(end.code, str):
            return _fail(ExitCode.USAGE, end.code)
        raise


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _fail(code: int, message: str) -> int:
    output.ERR.print(f"error: {message}", style="red", soft_wrap=True)
    return code
