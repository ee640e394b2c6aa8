"""The data folder."""

import os
from pathlib import Path

import pytest

from orchestrator.processes.errors import FolderInUseError
from orchestrator.processes.folder import DataFolder


def test_a_new_folder_is_ignored_by_git(tmp_path: Path) -> None:
    """Data is not committed by accident."""
    folder = DataFolder(tmp_path / "data")

    assert (folder.path / ".gitignore").read_text() == "*\n"


def test_a_folder_that_was_there_is_given_no_gitignore(tmp_path: Path) -> None:
    """A project's own folder is not hidden from git."""
    DataFolder(tmp_path)

    assert not (tmp_path / ".gitignore").exists()


def test_a_log_starts_without_the_lines_of_earlier_runs(tmp_path: Path) -> None:
    """The last lines of a log are those of this run."""
    folder = DataFolder(tmp_path)
    folder.log("api").write_text("earlier")

    assert folder.log("api").read_text() == ""


def test_a_locked_folder_is_refused_with_the_pid_of_its_user(tmp_path: Path) -> None:
    """Two servers never write the same data."""
    folder = DataFolder(tmp_path)

    with folder.locked("servers"), pytest.raises(FolderInUseError, match=f"process {os.getpid()}"), folder.locked("servers"):
        pass


def test_the_lock_of_a_process_that_is_gone_is_taken_over(tmp_path: Path) -> None:
    """A pid that was left in the lock file means nothing."""
    folder = DataFolder(tmp_path)
    (tmp_path / "servers.lock").write_text("1")

    with folder.locked("servers"):
        assert (tmp_path / "servers.lock").read_text() == str(os.getpid())
