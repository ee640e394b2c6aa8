"""How a run is shown while it goes on."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from orchestrator.cli import output, states
from orchestrator.cli.chart import calls_by_turn, chart
from orchestrator.cli.timeline import Timeline
from orchestrator.schemas.run import RunObject, ToolCallObject

Show = Callable[[RunObject], None]

_FRAMES_PER_S: Final = 12
_MOST_ARGUMENTS: Final = 60


def shown_on(console: Console | None) -> AbstractContextManager[Show]:
    """Bars that grow on a terminal, a line for each call elsewhere, nothing without a console."""
    if console is None:
        return _silence()
    return _picture(console) if console.is_terminal else _lines(console)


@contextmanager
def _silence() -> Generator[Show]:
    yield lambda _: None


@contextmanager
def _picture(console: Console) -> Generator[Show]:
    picture = Picture()
    with Live(console=console, get_renderable=picture.draw, refresh_per_second=_FRAMES_PER_S):
        yield picture.show


@contextmanager
def _lines(console: Console) -> Generator[Show]:
    told: set[str] = set()

    def show(run: RunObject) -> None:
        for line in _news(run):
            if line not in told:
                told.add(line)
                console.print(line, soft_wrap=True)

    yield show


def _news(run: RunObject) -> Iterator[str]:
    """A line for each call that has ended, and one for each turn whose calls all have."""
    for turn, calls in calls_by_turn(run):
        ended = [call for call in calls if not states.is_open(call)]
        yield from map(_line, ended)
        if len(ended) == len(calls):
            yield f"turn {turn}: {Timeline.of(calls, run.created_at)}"


class Picture:
    """The newest state of a run, drawn anew for each frame."""

    def __init__(self) -> None:
        self._spinner = Spinner("dots")
        self._run: RunObject | None = None

    def show(self, run: RunObject) -> None:
        """Takes a newer state."""
        self._run = run

    def draw(self) -> RenderableType:
        """The run as it is now."""
        run, now = self._run, datetime.now(UTC)
        if run is None:
            return self._spinner
        drawn = chart(run, now)
        return Group(drawn, self._doing(run, now)) if states.is_open(run) else drawn

    def _doing(self, run: RunObject, now: datetime) -> RenderableType:
        waited_ms = max(0.0, (now - run.created_at).total_seconds() * 1000)
        self._spinner.update(text=Text(f"{states.doing(run)}  {output.duration(waited_ms)}"))
        return self._spinner


def _line(call: ToolCallObject) -> str:
    arguments = call.arguments if len(call.arguments) <= _MOST_ARGUMENTS else f"{call.arguments[:_MOST_ARGUMENTS]}…"
    parts = [f"turn {call.turn}.{call.index}: {call.name} {arguments} {call.status}"]
    if call.run_ms is not None:
        parts.append(f"ran {output.duration(call.run_ms)}, waited {output.duration(call.queue_wait_ms or 0)}")
    if call.worker:
        parts.append(call.worker)
    if call.error:
        parts.append(call.error.message)
    return ", ".join(parts)
