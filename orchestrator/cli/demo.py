"""`toolchord demo`: the whole way of one question, on this machine."""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from rich.text import Text

from orchestrator.cli import configuration, local, models, output, states
from orchestrator.cli.chart import calls_by_turn
from orchestrator.cli.client import Client, read
from orchestrator.cli.endpoint import LocalStack
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.cli.options import AsJson, examples, make_typer
from orchestrator.cli.report import summary
from orchestrator.cli.timeline import Timeline
from orchestrator.cli.watching import watch
from orchestrator.client.http import JsonObject
from orchestrator.llm import setup
from orchestrator.schemas.run import RunObject
from orchestrator.settings import Settings
from orchestrator.stack import Stack

QUESTION: Final = "What's the weather in Tokyo, what's AAPL's stock price, and what's the latest news about AI?"
#: Whatever tools are set, these are shown.
_MODULE: Final = "tasks.tools"
_TOOLS: Final = ("get_weather", "get_stock_price", "get_news_headlines")
_REQUEST: Final[JsonObject] = {
    "messages": [{"role": "user", "content": QUESTION}],
    "tools": [*_TOOLS],
    "deadline_s": 120,
    "metadata": {"source": "demo"},
}

app = make_typer()


@app.command(epilog=examples("toolchord demo", "OPENAI_API_KEY=... toolchord demo", "toolchord demo --json | jq .parallel_turn"))
def demo(*, as_json: AsJson = False) -> None:
    """Answer a question with three parallel tool calls, here.

    Starts Postgres, Redis, the API, the coordinator, the watcher and two tool workers, asks one question over HTTP, shows
    its tool calls as they run, and stops all again. Where no provider of models is set up, a scripted model answers. The run is kept in
    the data folder (TOOLCHORD_DATA_DIR, by default .toolchord). Where `toolchord up` runs, its stack is asked.
    """
    settings = configuration.load()
    there = _running(settings)
    with nullcontext(there) if there else _own(settings) as here, Client(here.api_url) as client:
        if not as_json:
            output.say(introduction(None if here.scripted else settings.model))
        run_id = str(client.submit(_REQUEST)["id"])
        answer = watch(client, run_id, None if as_json else output.OUT)
        run = read(RunObject, answer)
        if as_json:
            output.print_json({"run": answer, "parallel_turn": _measured(run), "scripted_model": here.scripted, "simulated_tools": True})
        else:
            output.say(conclusion(run, goes_on=there is not None))
    states.require_completed(run)


def _running(settings: Settings) -> LocalStack | None:
    """The stack that `toolchord up` runs in the same folder."""
    there = LocalStack.of(settings.data_dir)
    if there is None:
        return None
    with Client(there.api_url) as client:
        if not client.answers():
            return None
    output.note(f"Asking the local stack that runs at {there.api_url}.")
    return there


def _own(settings: Settings) -> AbstractContextManager[LocalStack]:
    """A stack of its own. Raises CommandError when its model could not be asked."""
    access = models.load(os.environ)
    if problem := setup.problem(settings.model, access):
        raise CommandError(ExitCode.USAGE, problem)
    for half in setup.halves(access):
        output.note(half)
    return local.running(Stack(settings, {**os.environ, "TOOLCHORD_TOOLS": _MODULE}), settings)


def introduction(model: str | None) -> Text:
    """What is asked of whom; without a model the scripted one answers."""
    values = {
        "Model": model or "scripted model, not a language model (no provider's variables are set)",
        "Tools": f"{', '.join(_TOOLS)} (simulated)",
        "Question": QUESTION,
    }
    return output.facts(values).append("\n")


def conclusion(run: RunObject, *, goes_on: bool) -> Text:
    """The answer, what it took, and how to see it again in a stack that goes on or not."""
    shown = f"`toolchord runs show {run.id}`"
    again = f"See it again: {shown}." if goes_on else f"See it again: `toolchord up`, and beside it {shown}."
    return Text.assemble(f"{run.output}\n\n" if run.output is not None else "", (f"{summary(run)}\n{again}", "dim"))


def _measured(run: RunObject) -> JsonObject | None:
    """The widest turn's times; None when the model called no tool."""
    turns = [Timeline.of(calls, run.created_at) for _, calls in calls_by_turn(run)]
    widest = max(turns, key=lambda turn: len(turn.spans), default=None)
    if widest is None:
        return None
    return {
        "calls": len(widest.spans),
        "work_ms": widest.work_ms,
        "wall_ms": round(widest.wall_ms),
        "speed_up": round(widest.speed_up, 2),
    }
