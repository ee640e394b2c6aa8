"""`toolchord tools`: what the workers offer, and a try of a tool without any of them."""

import json
import os
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Annotated, Final, NoReturn

from rich.text import Text
from typer import Argument, Option

from orchestrator.cli import output, trial
from orchestrator.cli.client import Client, read
from orchestrator.cli.endpoint import api_url as find_api
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.cli.options import ApiUrl, AsJson, examples, make_typer
from orchestrator.schemas.tool import ToolList, ToolObject
from tasks.catalogue import AnyTool
from tasks.errors import DeclarationError
from tasks.messages import Outcome

_DEFAULT_MODULES: Final = "tasks.tools"

app = make_typer("List, show and try tools.")

Name = Annotated[str, Argument(metavar="NAME", help="The tool's name.")]


@app.command("list", epilog=examples("toolchord tools list", "toolchord tools list --json | jq -r '.data[].name'"))
def list_(*, as_json: AsJson = False, api_url: ApiUrl = None) -> None:
    """List the tools that a run may name, as their workers announced them."""
    with Client(find_api(api_url)) as client:
        answer = client.tools()
    if as_json:
        output.print_json(answer)
        return
    rows = map(_row, read(ToolList, answer).data)
    output.print_table(("Tool", "Queue", "Workers", "Timeout", "Description"), rows, empty="No worker has announced a tool.")


@app.command(epilog=examples("toolchord tools show get_weather", "toolchord tools show get_weather --json | jq .parameters"))
def show(name: Name, *, as_json: AsJson = False, api_url: ApiUrl = None) -> None:
    """Show one tool: its options, and the schema that the model sees."""
    with Client(find_api(api_url)) as client:
        tools = read(ToolList, client.tools()).data
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is None:
        _refuse(name, [tool.name for tool in tools])
    output.print_json(tool.model_dump(mode="json")) if as_json else _show(tool)


@app.command(
    epilog=examples(
        "toolchord tools call get_weather city=Tokyo",
        """toolchord tools call get_weather '{"city": "Tokyo"}'""",
        "toolchord tools call my_tool --module my_package.tools --module ./other.py",
    )
)
def call(
    name: Name,
    arguments: Annotated[
        list[str] | None, Argument(metavar="[JSON | KEY=VALUE ...]", help="One JSON object, or a value for each parameter.")
    ] = None,
    *,
    module: Annotated[
        list[str] | None, Option(metavar="M", help="A module or .py file that holds tools; may be repeated. TOOLCHORD_TOOLS otherwise.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run one tool in this process, as a check for its author.

    Needs no worker and no service. Prints the text that the model would read; exits with 1 when the call did not succeed.
    A value of KEY=VALUE is read as JSON where the parameter is no text.
    """
    tool = _find(name, module or (os.environ.get("TOOLCHORD_TOOLS") or _DEFAULT_MODULES).split(","))
    outcome = trial.run(tool, arguments or [])
    output.print_json(outcome.model_dump(mode="json", exclude_none=True)) if as_json else output.say(outcome.content)
    if outcome.outcome is not Outcome.SUCCEEDED:
        said = outcome.error.message if outcome.error else "no reason given"
        raise CommandError(ExitCode.FAILED, f"The call {outcome.outcome.replace('_', ' ')}: {said}")


def _find(name: str, modules: Sequence[str]) -> AnyTool:
    try:
        catalogue = trial.load([module.strip() for module in modules if module.strip()])
    except DeclarationError as error:
        said = str(error).rstrip(".")
        raise CommandError(ExitCode.USAGE, f"{said}. Mend it, or name other modules with --module or TOOLCHORD_TOOLS.") from None
    return catalogue.get(name) or _refuse(name, catalogue.tools)


def _refuse(name: str, known: Collection[str]) -> NoReturn:
    near = get_close_matches(name, known, n=1)
    there = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known) or 'none'}."
    raise CommandError(ExitCode.NOT_FOUND, f"There is no tool named {name!r}. {there}")


def _row(tool: ToolObject) -> tuple[str | Text, ...]:
    workers = Text(str(tool.workers) if tool.live else "none", "" if tool.live else "yellow")
    return tool.name, tool.queue, workers, f"{tool.timeout_s:g} s", tool.description.partition("\n")[0]


def _show(tool: ToolObject) -> None:
    output.say(tool.name, "bold")
    output.say(tool.description)
    output.say("")
    facts = {
        "Queue": tool.queue,
        "Workers": str(tool.workers) if tool.live else f"none since {output.local_time(tool.last_seen_at)}",
        "Timeout": f"{tool.timeout_s:g} s",
        "Retries": f"{tool.retries}{', idempotent' if tool.idempotent else ''}",
        "Result": f"{tool.max_result_bytes:,} bytes at most",
        "Tags": ", ".join(tool.tags) or "none",
        "Schema": f"{tool.schema_hash}{', strict' if tool.strict else ''}",
    }
    output.say(output.facts(facts))
    output.say("")
    output.say(json.dumps(tool.parameters, indent=2, ensure_ascii=False))
