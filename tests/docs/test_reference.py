"""The generated parts of the reference."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.reference import pages
from scripts.reference.pages import ROOT, SECTIONS
from tests.docs.blocks import PAGES, name

GENERATED = [*(page for page in PAGES if pages.names(page.read_text())), ROOT / "docs/reference/openapi.json"]


@pytest.fixture(scope="module")
def written() -> Mapping[Path, str]:
    """What `make docs` would write."""
    return pages.written(ROOT)


@pytest.mark.parametrize("path", GENERATED, ids=name)
def test_the_reference_says_what_the_code_says(path: Path, written: Mapping[Path, str]) -> None:
    """`make docs` would change nothing."""
    assert path.read_text() == written[path]


def test_every_section_is_on_a_page() -> None:
    """Nothing is described that nobody reads."""
    assert sorted(found for page in PAGES for found in pages.names(page.read_text())) == sorted(SECTIONS)
