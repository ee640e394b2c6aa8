"""A run shown while it goes on."""

from io import StringIO

from rich.console import Console

from orchestrator.cli.views import Picture, shown_on
from orchestrator.schemas.run import RunObject
from tests.unit.orchestrator.cli.service import call, run


def _run(status: str, **fields: object) -> RunObject:
    return RunObject.model_validate(run(status, **fields))


def test_a_file_is_given_one_line_for_each_call_when_it_ends() -> None:
    """And one for the turn, each once."""
    paper = StringIO()
    half = [call(0, "get_weather", "succeeded", started_ms=10, ended_ms=310), call(1, "get_news", "queued")]

    with shown_on(Console(file=paper, width=20)) as show:
        for state in (_run("in_progress", tool_calls=half), _run("in_progress", tool_calls=half), _run("completed")):
            show(state)

    assert paper.getvalue().splitlines() == [
        'turn 1.0: get_weather {"city":"Tokyo"} succeeded, ran 300 ms, waited 10 ms, io@host',
        'turn 1.1: get_news {"city":"Tokyo"} failed, ran 100 ms, waited 20 ms, io@host, No news.',
        "turn 1: 2 calls, 0.40 s of work in 0.31 s: 1.3x",
    ]


def test_long_arguments_are_cut() -> None:
    """A line stays a line."""
    paper = StringIO()
    long = call(0, "tool", "failed", arguments='{"text":"' + "x" * 1000 + '"}')

    with shown_on(Console(file=paper, width=20)) as show:
        show(_run("completed", tool_calls=[long]))

    assert len(paper.getvalue()) < 120


def test_a_terminal_is_drawn_the_calls_and_what_the_run_waits_for() -> None:
    """The last picture stays, without the line of what is waited for."""
    paper = StringIO()
    console = Console(file=paper, force_terminal=True, width=80, color_system=None)

    with shown_on(console) as show:
        show(_run("in_progress"))
        show(_run("completed"))

    last = paper.getvalue().rpartition("Turn 1")[2]
    assert "get_weather     ─━━" in last
    assert "waiting" not in last


def test_an_open_run_says_what_it_waits_for() -> None:
    """Under its calls, with the time since it was asked for."""
    paper = StringIO()
    picture = Picture()
    picture.show(_run("queued", tool_calls=[]))

    Console(file=paper).print(picture.draw())

    assert "queued  " in paper.getvalue()


def test_nothing_is_shown_without_a_console() -> None:
    """For who reads JSON."""
    with shown_on(None) as show:
        show(_run("completed"))
