"""Runs drawn as bars."""

from datetime import datetime
from io import StringIO

from rich.console import Console

from orchestrator.cli.chart import chart
from orchestrator.schemas.run import RunObject
from tests.unit.orchestrator.cli.service import Json, at, call, run


def _drawn(answer: Json, *, now_ms: int = 0, width: int = 80, encoding: str = "utf-8") -> list[str]:
    class Paper(StringIO):
        @property
        def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] - a text stream tells its own
            return encoding

    paper = Paper()
    Console(file=paper, width=width, highlight=False).print(chart(RunObject.model_validate(answer), datetime.fromisoformat(at(now_ms))))
    return [line.rstrip() for line in paper.getvalue().splitlines()]


def test_each_call_is_a_bar_that_waits_and_then_runs() -> None:
    """All on one axis, with the worker's name, and what went wrong below."""
    assert _drawn(run()) == [
        "Turn 1  2 calls, 0.40 s of work in 0.31 s: 1.3x",
        "  get_weather     ─━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  300 ms  succeeded  io@host",
        "  get_news        ──━━━━━━━━━━━                       100 ms  failed     io@host",
        "  ─ waits ━ runs  0          100 ms     200 ms",
        "  get_news: No news.",
        "",
    ]


def test_an_open_call_tells_how_far_it_is() -> None:
    """By what the tool says of itself, and by its attempt."""
    calls = [
        call(0, "slow", "in_progress", started_ms=50, progress={"message": "half", "fraction": 0.5}),
        call(1, "again", "queued", attempt=2),
    ]
    lines = _drawn(run("in_progress", tool_calls=calls), now_ms=100)

    assert lines[0] == "Turn 1  2 calls"
    assert "in_progress 50%" in lines[1]
    assert "queued, attempt 2" in lines[2]


def test_a_wide_turn_is_cut() -> None:
    """A thousand bars tell less than thirty."""
    calls = [call(index, f"tool_{index}", "succeeded", started_ms=1, ended_ms=9) for index in range(100)]
    lines = _drawn(run(tool_calls=calls))

    assert "  and 68 more calls" in lines
    assert sum("succeeded" in line for line in lines) == 32


def test_a_turn_without_calls_is_not_drawn() -> None:
    """The answer says all."""
    assert _drawn(run(tool_calls=[])) == []


def test_long_names_leave_room_for_the_bars() -> None:
    """On a narrow terminal too."""
    lines = _drawn(run(tool_calls=[call(0, "n" * 64, "succeeded", started_ms=1, ended_ms=9, worker="w" * 64)]), width=60)

    assert max(map(len, lines)) <= 60
    assert "━" in lines[1]


def test_a_terminal_of_few_letters_has_its_own_bars() -> None:
    """No letter that it does not know is sent."""
    assert all(line.isascii() for line in _drawn(run(), encoding="ascii"))
