"""The commands of a console block, with the output that the page shows."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from tests.docs.blocks import Block

_PROMPT: Final = "$ "
_ELLIPSIS: Final = re.compile(r"\.\.\.|…")
#: What differs from run to run: ids, numbers, times, bars, and how much room a column has.
_RUN_ID: Final = re.compile(r"run_[0-9A-Z]{26}")
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")
_ROOM: Final = re.compile(r"[\s█░─━]+")


class Command(NamedTuple):
    """One command and its output, abbreviated by `...`."""

    block: Block
    line: int
    text: str
    output: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.block.page.name}:{self.line}: {self.text}"

    def missing(self, output: str) -> list[str]:
        """The lines that the page shows and the output has not."""
        plain = _plain(output)
        return [line for line in self.output if not _holds(plain, line)]


def commands(block: Block) -> Iterator[Command]:
    """The block's commands in order. What comes before the first prompt belongs to none, and there must be nothing."""
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(block.text.splitlines(), start=block.line):
        if line.startswith(_PROMPT):
            found.append((number, [line.removeprefix(_PROMPT)]))
        elif found:
            found[-1][1].append(line)
        elif line.strip():
            raise ValueError(f"{block}: a console block begins with '{_PROMPT}'")
    for number, lines in found:
        yield _command(block, number, lines)


def _command(block: Block, number: int, lines: list[str]) -> Command:
    """A command goes on in the next line after a backslash."""
    length = next(index for index, line in enumerate(lines, start=1) if not line.endswith("\\"))
    return Command(block, number, "\n".join(lines[:length]), tuple(line for line in lines[length:] if line.strip()))


def _holds(plain: str, line: str) -> bool:
    """Whether the line's parts occur in this order."""
    at = 0
    for part in _ELLIPSIS.split(line):
        words = _plain(part).strip()
        at = plain.find(words, at)
        if at < 0:
            return False
        at += len(words)
    return True


def _plain(text: str) -> str:
    return _ROOM.sub(" ", _NUMBER.sub("0", _RUN_ID.sub("run_0", text)))
