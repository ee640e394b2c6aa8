"""All reports."""

from collections.abc import Iterator
from typing import Final, TypeVar

from tests.reports.arguments import ARGUMENTS
from tests.reports.execution import EXECUTION
from tests.reports.histories import HISTORIES, SIGNED
from tests.reports.identities import IDENTITIES, INTERRUPTED
from tests.reports.report import Case, Report
from tests.reports.servers import SERVERS
from tests.reports.streams import STREAMS

C = TypeVar("C", bound=Case)

REPORTS: Final[tuple[Report, ...]] = (*STREAMS, *SERVERS, *HISTORIES, *INTERRUPTED, *SIGNED, *IDENTITIES, *ARGUMENTS, *EXECUTION)


def cases(kind: type[C]) -> Iterator[tuple[str, C]]:
    """Every case of a kind, by a name of its own."""
    for report in REPORTS:
        for index, case in enumerate(report.cases):
            if isinstance(case, kind):
                yield f"report {report.number}.{index}", case
