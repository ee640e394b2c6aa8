"""The failures of the field, from the table whose cases are tested."""

from collections.abc import Callable, Mapping
from typing import Final

from scripts.reference.markdown import table
from tests.reports.table import REPORTS

_RECORDED: Final = "recorded traffic"


def _reports() -> str:
    rows = ((str(each.number), ", ".join(map(_link, each.sources)) or _RECORDED, each.wrong, each.ours) for each in REPORTS)
    return table(("", "report", "what went wrong", "what Toolchord does"), rows)


def _link(source: str) -> str:
    repository, _, number = source.partition("#")
    return f"[{source}](https://github.com/{repository}/issues/{number})"


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {"field-reports": _reports}
