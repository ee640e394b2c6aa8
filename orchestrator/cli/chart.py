"""A run drawn for people: its calls as bars on one axis of time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.constrain import Constrain
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from orchestrator.cli import output, states
from orchestrator.cli.timeline import Span, Timeline
from orchestrator.schemas.run import RunObject, ToolCallObject

_RUNS: Final = "━"
_WAITS: Final = "─"
#: For terminals that know no other letters.
_ASCII: Final = {_RUNS: "=", _WAITS: "-"}
_WAITING: Final = Style(dim=True)
#: A wide turn is cut: a picture of a thousand bars tells less.
_MOST_CALLS: Final = 32
_TICKS: Final = 4
#: Wider bars are no clearer.
_WIDTH: Final = 110


@dataclass(frozen=True)
class _Bar:
    """One call, as wide as there is room."""

    span: Span
    wall_ms: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        scale = options.max_width / max(self.wall_ms, 1.0)
        created, started = (round(ms * scale) for ms in (self.span.created_ms, self.span.started_ms))
        # The shortest call is seen too.
        ended = min(max(round(self.span.ended_ms * scale), started + 1), options.max_width)
        yield Segment(" " * created)
        yield Segment(_letter(_WAITS, options) * (started - created), _WAITING)
        yield Segment(_letter(_RUNS, options) * (ended - started), console.get_style(states.style_of(self.span.call.status)))


@dataclass(frozen=True)
class _Axis:
    """Times under the bars, each at its place."""

    wall_ms: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line = ""
        for at_ms in _ticks(self.wall_ms):
            column = round(at_ms / max(self.wall_ms, 1.0) * options.max_width)
            label = "0" if at_ms == 0 else output.duration(at_ms)
            if column + len(label) <= options.max_width:
                line = line.ljust(column) + label
        yield Segment(line, Style(dim=True))


def _ticks(wall_ms: float) -> Iterator[float]:
    """Round times, a few of them."""
    rough = max(wall_ms, 1.0) / _TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    yield from (step * index for index in range(math.floor(wall_ms / step) + 1))


def _letter(letter: str, options: ConsoleOptions) -> str:
    return _ASCII[letter] if options.ascii_only else letter


def chart(run: RunObject, now: datetime) -> RenderableType:
    """Every turn that made calls, each on an axis of its own. Open calls reach until now."""
    return Constrain(Group(*_parts(run, now)), _WIDTH)


def _parts(run: RunObject, now: datetime) -> Iterator[RenderableType]:
    for turn, calls in calls_by_turn(run):
        yield _Turn(turn, Timeline.of(calls, now))
        yield Text()


def calls_by_turn(run: RunObject) -> Iterator[tuple[int, list[ToolCallObject]]]:
    """Each turn that made calls, with them."""
    for turn in run.turns:
        calls = [call for call in run.tool_calls if call.turn == turn.turn]
        if calls:
            yield turn.turn, calls


@dataclass(frozen=True)
class _Turn:
    """The calls of one turn, with what went wrong."""

    turn: int
    timeline: Timeline

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        spans = self.timeline.spans[:_MOST_CALLS]
        yield Text.assemble((f"Turn {self.turn}", "bold"), "  ", str(self.timeline))
        yield self._bars(spans, options)
        if len(self.timeline.spans) > len(spans):
            yield Text(f"  and {len(self.timeline.spans) - len(spans)} more calls", "dim")
        for call in (span.call for span in spans):
            if call.error:
                yield Text(f"  {call.name}: {call.error.message}", states.style_of(call.status))

    def _bars(self, spans: Sequence[Span], options: ConsoleOptions) -> Table:
        """Names have a third of the room, workers a fifth, at most."""
        width = options.max_width
        grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
        grid.add_column(max_width=width // 3, no_wrap=True, overflow="ellipsis")
        grid.add_column(ratio=1)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(max_width=width // 5, no_wrap=True, overflow="ellipsis", style="dim")
        for span in spans:
            call = span.call
            took = output.duration(call.run_ms) if call.run_ms is not None else ""
            grid.add_row(f"  {call.name}", _Bar(span, self.timeline.wall_ms), took, _state(call), call.worker)
        legend = Text(f"  {_letter(_WAITS, options)} waits {_letter(_RUNS, options)} runs", "dim")
        grid.add_row(legend, _Axis(self.timeline.wall_ms))
        return grid


def _state(call: ToolCallObject) -> Text:
    words = states.styled(call.status)
    fraction = call.progress.get("fraction") if call.progress else None
    if states.is_open(call) and isinstance(fraction, float | int):
        words.append(f" {fraction:.0%}")
    if call.attempt > 1:
        words.append(f", attempt {call.attempt}")
    return words
