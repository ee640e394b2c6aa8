"""Pid files that a killed run left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.processes.leftovers import end_leftover


@pytest.mark.parametrize("text", ["", "not a number", "4194305\n"])
def test_a_pid_file_that_names_no_process_is_left_alone(tmp_path: Path, text: str) -> None:
    """The server itself knows what to do with it."""
    pid_file = tmp_path / "server.pid"
    pid_file.write_text(text)

    end_leftover(pid_file, tmp_path, signal.SIGTERM)

    assert pid_file.read_text() == text


def test_a_pid_file_that_names_a_stranger_is_removed_and_the_stranger_lives(tmp_path: Path) -> None:
    """After a reboot the number may be anyone's: here it is the test's own."""
    pid_file = tmp_path / "server.pid"
    pid_file.write_text(f"{os.getpid()}\n")

    end_leftover(pid_file, tmp_path, signal.SIGTERM)

    assert not pid_file.exists()


def test_a_server_at_work_in_the_folder_is_ended(tmp_path: Path) -> None:
    """Known by its working folder."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path) as server:
        pid_file = tmp_path / "server.pid"
        pid_file.write_text(str(server.pid))

        end_leftover(pid_file, tmp_path, signal.SIGTERM)

        assert server.wait() == -signal.SIGTERM
