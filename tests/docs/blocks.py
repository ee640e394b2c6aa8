"""The fenced blocks of a Markdown page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE: Final = re.compile(r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
#: A block is a file where its first line is such a comment, or the line above says so.
_COMMENT: Final = re.compile(r"\A# (?P<name>[\w.-]+\.\w+)\n")
_SAVE: Final = re.compile(r"Save this as `(?P<name>[\w.-]+)`:$")
_LINK: Final = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)|<img[^>]+src=\"(?P<image>[^\"]+)\"")
_INLINE_CODE: Final = re.compile(r"`[^`\n]+`")


class Block(NamedTuple):
    """One fenced block, the number of its first line, and the prose line above it."""

    page: Path
    line: int
    language: str
    text: str
    above: str

    @property
    def file(self) -> str | None:
        """The file that the reader writes with this block, if it is one."""
        found = _COMMENT.match(self.text) or _SAVE.search(self.above)
        return found["name"] if found else None

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


def name(page: Path) -> str:
    """The page's path in the repository."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> Iterator[Block]:
    """The page's blocks in order."""
    text = page.read_text()
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("text")) + 1
        above = text[: found.start()].rstrip().rpartition("\n")[2]
        yield Block(page, line, found["language"], found["text"], above)


def links(page: Path) -> Iterator[str]:
    """What the page's prose links to."""
    prose = _INLINE_CODE.sub("", _FENCE.sub("", page.read_text()))
    for found in _LINK.finditer(prose):
        yield found["target"] or found["image"]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    prose = _FENCE.sub("", page.read_text())
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
