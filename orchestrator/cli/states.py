"""What the states of runs and calls mean to a reader."""

from typing import Final

from rich.text import Text

from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.client import ending
from orchestrator.schemas.run import OPEN, RunObject, RunSummary, ToolCallObject

_STYLES: Final = {
    "completed": "green",
    "succeeded": "green",
    "failed": "red",
    "timed_out": "red",
    "lost": "red",
    "denied": "red",
    "incomplete": "yellow",
    "cancelled": "yellow",
    "skipped": "yellow",
}
_ENDED: Final = {"failed": "failed", "incomplete": "is incomplete", "cancelled": "was cancelled"}


def is_open(subject: RunSummary | ToolCallObject) -> bool:
    """Whether it goes on."""
    return subject.status in OPEN


def style_of(status: str) -> str:
    """The colour of a status."""
    return _STYLES.get(status, "cyan")


def styled(status: str) -> Text:
    """The word, coloured; it says all without its colour."""
    return Text(status, style_of(status))


def doing(run: RunObject) -> str:
    """What an open run waits for."""
    waited_for = sum(map(is_open, run.tool_calls))
    if run.status != "in_progress":
        return run.status.replace("_", " ")
    return f"waiting for {waited_for} tool call{'s' if waited_for > 1 else ''}" if waited_for else f"waiting for the model, {run.model}"


def reason(run: RunObject) -> str:
    """Why the run has no answer, as the rest of a sentence."""
    why = ending.reason(run)
    return f": {why}" if why else ""


def require_completed(run: RunObject) -> None:
    """Raises CommandError for a run that ended in another way."""
    if run.status != "completed":
        ended = _ENDED.get(run.status, f"is {run.status}")
        raise CommandError(ExitCode.FAILED, f"The run {ended}{reason(run)}. See `toolchord runs show {run.id}`.")
