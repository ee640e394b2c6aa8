"""The files of the reference: hand-written pages whose marked sections are generated, and the OpenAPI document."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from scripts.reference import api, cli, compose, faults, logs, outcomes, providers, reports, settings, tools

ROOT: Final = Path(__file__).parents[2]
#: Who writes which section.
SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    **api.SECTIONS,
    **cli.SECTIONS,
    **compose.SECTIONS,
    **faults.SECTIONS,
    **logs.SECTIONS,
    **outcomes.SECTIONS,
    **providers.SECTIONS,
    **reports.SECTIONS,
    **settings.SECTIONS,
    **tools.SECTIONS,
}
_SECTION: Final = re.compile(r"(?P<begin><!-- generated: (?P<name>[\w-]+) -->\n)(?P<body>.*?)(?P<end><!-- end -->)", re.DOTALL)


def written(root: Path) -> dict[Path, str]:
    """Each file of the reference, as it must be."""
    pages = {path: path.read_text() for path in sorted((root / "docs").rglob("*.md"))}
    return {path: filled(text) for path, text in pages.items()} | {root / "docs/reference/openapi.json": api.document_as_json()}


def filled(text: str) -> str:
    """The page with its sections written anew. Raises KeyError for a section that nobody writes."""
    return _SECTION.sub(lambda found: f"{found['begin']}\n{SECTIONS[found['name']]()}\n\n{found['end']}", text)


def names(text: str) -> list[str]:
    """The sections of a page."""
    return [found["name"] for found in _SECTION.finditer(text)]
