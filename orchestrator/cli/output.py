"""How commands speak: results on standard output, progress and errors on standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: The rows of a table are not broken for a reader that is no terminal.
_UNBROKEN: Final = 10_000


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _UNBROKEN
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


OUT: Final = _console(stderr=False)
ERR: Final = _console(stderr=True)


def say(text: str | Text, style: str = "") -> None:
    """Lines for people, broken by the terminal alone."""
    OUT.print(text, style=style, soft_wrap=True)


def note(text: str) -> None:
    """One line beside the result."""
    ERR.print(text, style="dim", soft_wrap=True)


def print_json(value: JsonValue) -> None:
    """One JSON document, alone on standard output; indented for a terminal."""
    indent = 2 if OUT.is_terminal else None
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")
    # A program that reads it through a pipe must not wait for the end of ours.
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, empty: str) -> None:
    """A table with a head, or the sentence `empty`. The last column is broken where there is no room."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=index < len(columns) - 1)
    for row in rows:
        table.add_row(*row)
    OUT.print(table) if table.row_count else note(empty)


def duration(ms: float) -> str:
    """Milliseconds in the unit that fits."""
    if ms < 1000:  # noqa: PLR2004 - a second
        return f"{ms:.0f} ms"
    seconds = ms / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"  # noqa: PLR2004 - a minute


def local_time(time: datetime) -> str:
    """A time by the reader's own clock."""
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def facts(values: Mapping[str, str]) -> Text:
    """Names and values, aligned, one in each line."""
    width = max(map(len, values))
    return Text("\n").join(Text.assemble((name.ljust(width), "dim"), "  ", value) for name, value in values.items())
