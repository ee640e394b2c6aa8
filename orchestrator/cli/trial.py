"""One tool, run here as a worker would run it."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, cast

import structlog
from pydantic import JsonValue
from structlog.typing import EventDict

from orchestrator.cli import output
from orchestrator.cli.errors import CommandError, ExitCode
from tasks import catalogue
from tasks.catalogue import AnyTool, Catalogue
from tasks.context import ToolContext
from tasks.invoke import invoke
from tasks.messages import CallOutcome


def load(modules: Sequence[str]) -> Catalogue:
    """The tools of modules that are found from the current folder too, as by a worker. Raises DeclarationError."""
    sys.path.insert(0, str(Path.cwd()))
    return catalogue.load(modules)


def run(tool: AnyTool, arguments: Sequence[str]) -> CallOutcome:
    """What the tool answers. What it prints, logs and says of its progress goes to standard error.

    Raises CommandError for words that are no arguments.
    """
    text = _text(arguments, tool.spec.parameters)
    structlog.configure(
        processors=[structlog.processors.add_log_level, _traceback_below, structlog.dev.ConsoleRenderer(colors=output.ERR.is_terminal)],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    with redirect_stdout(sys.stderr):
        return invoke(tool, text, ToolContext.fake(on_progress=_tell))


def _traceback_below(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Lets a traceback be printed in lines of its own."""
    if "traceback" in event:
        event["exception"] = event.pop("traceback")
    return event


def _tell(message: str, fraction: float | None) -> None:
    output.note(f"{message} {fraction:.0%}" if fraction is not None else message)


def _text(arguments: Sequence[str], schema: Mapping[str, JsonValue]) -> str:
    """The arguments as the model would write them."""
    if len(arguments) == 1 and arguments[0].lstrip().startswith("{"):
        return arguments[0]
    properties = cast("Mapping[str, Any]", schema.get("properties", {}))
    return json.dumps(dict(_pair(argument, properties) for argument in arguments))


def _pair(argument: str, properties: Mapping[str, Any]) -> tuple[str, JsonValue]:
    name, equals, value = argument.partition("=")
    if not name or not equals:
        raise CommandError(ExitCode.USAGE, f"{argument!r} is no argument. Write KEY=VALUE, or one JSON object for all.")
    return name, value if properties.get(name, {}).get("type") == "string" else _value(value)


def _value(text: str) -> JsonValue:
    try:
        return json.loads(text)
    except ValueError:
        return text
