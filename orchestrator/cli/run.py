"""`toolchord run`: one question, asked and watched."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from orchestrator.cli import output
from orchestrator.cli.client import Client
from orchestrator.cli.endpoint import api_url as find_api
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.cli.options import (
    ApiUrl,
    AsJson,
    Labels,
    MaxCost,
    MaxTokens,
    MaxToolCalls,
    Previous,
    Schema,
    examples,
    labels_of,
    make_typer,
)
from orchestrator.cli.report import watch_and_report
from orchestrator.client.http import JsonObject

app = make_typer()


@app.command(
    epilog=examples(
        'toolchord run "Weather in Tokyo, and AAPL\'s price?" --all-tools',
        'toolchord run "News about AI?" --tool get_news_headlines --metadata customer=c_42',
        "toolchord run - --no-wait < question.txt",
        'toolchord run "Weather in Oslo?" --all-tools --json | jq -r .output',
        'toolchord run "And in Bergen?" --previous run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B --all-tools --max-tool-calls 5',
    )
)
def run(  # noqa: PLR0913 - each is an option of the command
    question: Annotated[str, Argument(help="What the model is asked; - reads it from standard input.")],
    *,
    tool: Annotated[list[str] | None, Option(metavar="NAME", help="A tool that the model may call; may be repeated.")] = None,
    all_tools: Annotated[bool, Option("--all-tools", help="Let the model call every tool there is.")] = False,
    model: Annotated[str | None, Option(metavar="NAME", help="The model; the service's default otherwise.")] = None,
    system: Annotated[str | None, Option(metavar="TEXT", help="Instructions for the model.")] = None,
    previous: Previous = None,
    schema: Schema = None,
    max_turns: Annotated[int | None, Option(min=1, metavar="N", help="Model calls, at most.")] = None,
    max_tool_calls: MaxToolCalls = None,
    max_total_tokens: MaxTokens = None,
    max_cost_usd: MaxCost = None,
    metadata: Labels = None,
    wait: Annotated[bool, Option("--wait/--no-wait", help="Watch the run until it ends, or print its id and leave.")] = True,
    as_json: AsJson = False,
    api_url: ApiUrl = None,
) -> None:
    """Ask a question and watch its tool calls.

    The answer goes to standard output, all else to standard error. The run is kept by the service: it goes on when this
    command is interrupted.
    """
    if tool and all_tools:
        raise CommandError(ExitCode.USAGE, "Give --tool or --all-tools, not both.")
    options: JsonObject = {
        "model": model,
        "previous_run_id": previous,
        "response_format": _form(schema) if schema else None,
        "max_turns": max_turns,
        "max_tool_calls": max_tool_calls,
        "max_total_tokens": max_total_tokens,
        "max_cost_usd": max_cost_usd,
        "metadata": {**labels_of(metadata)} or None,
    }
    body: JsonObject = {
        "messages": [*_messages(sys.stdin.read() if question == "-" else question, system)],
        "tools": "all" if all_tools else [*(tool or ())],
        **{name: value for name, value in options.items() if value is not None},
    }
    with Client(find_api(api_url)) as client:
        started = client.submit(body)
        if wait:
            watch_and_report(client, str(started["id"]), as_json=as_json)
        else:
            output.print_json(started) if as_json else output.say(str(started["id"]))


def _messages(question: str, system: str | None) -> Sequence[JsonObject]:
    if not question.strip():
        raise CommandError(ExitCode.USAGE, "The question is empty.")
    instructions: list[JsonObject] = [{"role": "system", "content": system}] if system else []
    return [*instructions, {"role": "user", "content": question}]


def _form(schema: Path) -> JsonObject:
    try:
        read: JsonObject = json.loads(schema.read_text())
    except ValueError as error:
        raise CommandError(ExitCode.USAGE, f"{schema} is not JSON: {error}.") from None
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": read}}
