"""The documentation, done as it says."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from tests.docs import skipped
from tests.docs.blocks import PAGES, ROOT, Block, anchors, blocks, links, name
from tests.docs.commands import Command, commands
from tests.docs.reader import Reader
from tests.docs.site import Site

LANGUAGES = {"python", "console", "json", "yaml", "text"}
DONE = [page for page in PAGES if any(block.language in {"python", "console"} for block in blocks(page))]
#: Where the code is: not every link of a page leads into the repository.
OUTSIDE = ("https://", "mailto:")


def _blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.language == language]


def _commands() -> list[Command]:
    return [command for block in _blocks("console") for command in commands(block)]


@pytest.mark.parametrize("page", DONE, ids=name)
def test_a_reader_who_does_what_the_page_says_sees_what_it_shows(
    page: Path, tmp_path: Path, site: Callable[[], Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command and every line of Python, in their order."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # A page may change a file within a second.
    monkeypatch.syspath_prepend(tmp_path)  # pyright: ignore[reportUnknownMemberType] - its path is not typed
    with Reader(tmp_path, site) as reader:
        for block in blocks(page):
            reader.do(block)


@pytest.mark.parametrize("block", _blocks("json"), ids=str)
def test_json_blocks_are_json(block: Block) -> None:
    """What is shown can be sent."""
    json.loads(block.text)


@pytest.mark.parametrize("block", _blocks("yaml"), ids=str)
def test_yaml_blocks_are_yaml(block: Block) -> None:
    """What is shown can be read."""
    yaml.safe_load(block.text)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_says_what_it_is(page: Path) -> None:
    """Otherwise nobody would check it."""
    assert [str(block) for block in blocks(page) if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file of the repository, and where it names a heading, to that."""
    assert [link for link in links(page) if not link.startswith(OUTSIDE) and not _leads_somewhere(page, link)] == []


def test_every_row_of_the_skip_table_is_used() -> None:
    """A command that is no longer written is no longer skipped."""
    texts = [command.text for command in _commands()]

    assert [start for start in skipped.SKIPPED if not any(text.startswith(start) for text in texts)] == []


def test_every_page_is_on_the_map() -> None:
    """docs/index.md leads to each page; the decisions have a list of their own."""
    index = ROOT / "docs" / "index.md"
    mapped = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    expected = {page for page in PAGES if page.parent.name != "decisions" and page not in {index, ROOT / "README.md"}}

    assert sorted(map(name, expected - mapped)) == []


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = unquote(link).partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or ROOT not in (target, *target.parents):
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target))
