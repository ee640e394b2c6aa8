"""A fault campaign of under a minute: the whole way from the load to the verdict."""

import os
from pathlib import Path

import pytest

from orchestrator.processes.errors import ServerUnavailableError
from tests.faults.campaign import campaign, report
from tests.faults.campaign.campaign import Order
from tests.faults.campaign.faults.table import KINDS
from tests.faults.checker import Rules

#: Those that cost little time, one of each family.
_CHOSEN = {"kill_worker", "kill_coordinator", "redis_flushall", "postgres_kill", "network_cut", "messages_doubled"}
_SECONDS = 40.0


@pytest.mark.timeout(400)
def test_a_short_campaign_breaks_nothing(tmp_path: Path) -> None:
    """Runs are started, faults hit them, all of them end, and the checker finds nothing wrong. The report tells it."""
    kinds = tuple(kind for kind in KINDS if kind.name in _CHOSEN)
    try:
        result = campaign.run(Order(1, _SECONDS, kinds), tmp_path / "campaign")
    except ServerUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))

    found = report.of([result], _SECONDS, frozenset(_CHOSEN), Rules(slowness=5))
    report.write(found, tmp_path)

    assert found.shortest is None
    assert found.ok
    assert sum(found.seeds[0].runs.values()) >= 10
    assert {row.kind for row in found.matrix if row.in_flight}
    assert report.Report.model_validate_json((tmp_path / "report.json").read_text()) == found
