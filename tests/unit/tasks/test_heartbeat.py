"""tasks/heartbeat.py: the file that says a process is alive."""

import os
import threading
import time
from pathlib import Path

import pytest

from tasks import heartbeat


def _set_age(path: Path, age_s: float) -> None:
    touched_at = time.time() - age_s
    os.utime(path, (touched_at, touched_at))


def test_a_touched_file_is_fresh(tmp_path: Path) -> None:
    """A process that just touched its file is alive."""
    path = tmp_path / "alive"

    heartbeat.touch(path)

    assert heartbeat.is_fresh(path)


def test_a_second_touch_makes_an_old_file_fresh_again(tmp_path: Path) -> None:
    """Touching moves the time of a file that exists."""
    path = tmp_path / "alive"
    heartbeat.touch(path)
    _set_age(path, 60)

    heartbeat.touch(path)

    assert heartbeat.is_fresh(path)


def test_a_kept_file_is_touched_without_further_ado(tmp_path: Path) -> None:
    """A process that has no loop of its own leaves the touching to a thread."""
    path = tmp_path / "alive"

    heartbeat.keep(path)

    give_up_at = time.monotonic() + 10
    while not path.exists() and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert heartbeat.is_fresh(path)


def test_without_a_file_nothing_is_kept() -> None:
    """Health checks are an offer, not a duty."""
    threads = threading.active_count()

    heartbeat.keep(None)

    assert threading.active_count() == threads


@pytest.mark.parametrize("age_s", [60, -60])
def test_a_file_from_another_time_is_not_fresh(tmp_path: Path, age_s: float) -> None:
    """Neither a process that stopped nor a clock that was set back counts as alive."""
    path = tmp_path / "alive"
    heartbeat.touch(path)

    _set_age(path, age_s)

    assert not heartbeat.is_fresh(path)


def test_a_missing_file_is_not_fresh(tmp_path: Path) -> None:
    """A process that never started is not alive."""
    assert not heartbeat.is_fresh(tmp_path / "never")


def test_the_command_answers_with_its_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The health test is a command: 0 for alive, 1 for not."""
    path = tmp_path / "alive"
    monkeypatch.setenv(heartbeat.VARIABLE, str(path))
    before = heartbeat.main()

    heartbeat.touch(path)

    assert (before, heartbeat.main()) == (1, 0)


def test_the_command_says_which_variable_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the variable the check fails and says what to set."""
    monkeypatch.delenv(heartbeat.VARIABLE, raising=False)

    assert heartbeat.main() == 1
    assert heartbeat.VARIABLE in capsys.readouterr().err
