"""A campaign's folder is read as it was written."""

import json
from pathlib import Path

from tests.faults import history
from tests.faults.checker import check
from tests.faults.history import History
from tests.unit.faults.drafts import clean


def test_a_history_is_what_its_logs_say(tmp_path: Path) -> None:
    """Each record goes to its log as one line and comes back the same."""
    written = clean().history()
    _write(written, tmp_path)

    read = History.load(tmp_path)

    assert read == History(**dict(written))
    assert check(read) == []


def test_a_log_that_nobody_wrote_is_empty(tmp_path: Path) -> None:
    """A campaign without a nemesis has no log of it."""
    written = clean().history()
    (tmp_path / history.CAMPAIGN).write_text(written.campaign.model_dump_json())

    read = History.load(tmp_path)

    assert read == History(campaign=written.campaign)
    assert read.leftovers is None


def _write(written: History, folder: Path) -> None:
    logs = {
        history.CLIENT: written.ops,
        history.LEDGER: [line for execution in written.executions for line in execution if line],
        history.MODEL: written.requests,
        history.NEMESIS: written.faults,
        history.BANK: written.effects,
        history.RUNS: written.runs,
        history.EVENTS: written.events,
    }
    for name, records in logs.items():
        for record in records:
            history.append(folder / name, record)
    (folder / history.CAMPAIGN).write_text(written.campaign.model_dump_json())
    (folder / history.COUNTERS).write_text(json.dumps(dict(written.counters)))
    if written.leftovers:
        (folder / history.LEFTOVERS).write_text(written.leftovers.model_dump_json())
