"""How a run came out, for people and for programs."""

from datetime import timedelta

from orchestrator.cli import output, states
from orchestrator.cli.client import Client, read
from orchestrator.cli.watching import watch
from orchestrator.schemas.run import RunObject, RunSummary


def watch_and_report(client: Client, run_id: str, *, as_json: bool) -> None:
    """Watches the run and prints its answer. Raises CommandError when it has none."""
    try:
        answer = watch(client, run_id, None if as_json else output.ERR)
    except KeyboardInterrupt:
        output.note(f"The run goes on. `toolchord runs watch {run_id}` shows it, `toolchord runs cancel {run_id}` ends it.")
        raise
    run = read(RunObject, answer)
    if as_json:
        output.print_json(answer)
    else:
        output.note(summary(run))
        tell_warnings(run)
        if run.output is not None:
            output.say(run.output)
    states.require_completed(run)


def tell_warnings(run: RunSummary) -> None:
    """A line for each thing that the provider could not keep."""
    for warning in run.warnings:
        output.note(f"warning {warning.code}: {warning.message}")


def summary(run: RunObject) -> str:
    """The run's id, its state and what it took."""
    time = f" in {spent}" if (spent := took(run)) else ""
    counts = (counted(len(run.turns), "turn"), counted(len(run.tool_calls), "tool call"), counted(run.usage.total_tokens, "token"))
    return ", ".join((f"{run.id} {run.status}{time}", *counts))


def took(run: RunSummary) -> str | None:
    """The time from the request to the end, of a run that has ended."""
    return output.duration((run.finished_at - run.created_at) / timedelta(milliseconds=1)) if run.finished_at else None


def counted(number: int, thing: str) -> str:
    """A number with its noun."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
