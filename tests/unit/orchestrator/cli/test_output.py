"""How results are printed."""

import json

import pytest

from orchestrator.cli import output


def test_json_is_one_line_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """With the letters of every language as they are."""
    output.print_json({"city": "Malmö", "text": "[bold]"})

    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "Malmö" in out
    assert json.loads(out) == {"city": "Malmö", "text": "[bold]"}


def test_a_table_row_is_one_line_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """However long it is; and what looks like markup is text."""
    output.print_table(("Name", "Text"), [("one", "x" * 500), ("two", "[red]")], empty="Nothing.")

    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[2:]] == [["one", "x" * 500], ["two", "[red]"]]


def test_an_empty_table_is_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output stays empty."""
    output.print_table(("Name",), [], empty="Nothing.")

    assert capsys.readouterr() == ("", "Nothing.\n")


@pytest.mark.parametrize(
    ("ms", "words"), [(0, "0 ms"), (999.4, "999 ms"), (1000, "1.0 s"), (59_940, "59.9 s"), (61_000, "1 min 1 s"), (3_600_000, "60 min 0 s")]
)
def test_a_duration_has_the_unit_that_fits(ms: float, words: str) -> None:
    """Three digits are enough."""
    assert output.duration(ms) == words


def test_facts_are_aligned_and_never_broken(capsys: pytest.CaptureFixture[str]) -> None:
    """A URL can be copied."""
    output.say(output.facts({"API": "http://" + "x" * 200, "Flower": "[y]"}))

    assert capsys.readouterr().out == f"API     http://{'x' * 200}\nFlower  [y]\n"
