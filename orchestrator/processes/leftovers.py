"""Servers that outlived the process which started them."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_GRACE_S = 10.0


def end_leftover(pid_file: Path, folder: Path, stop_signal: signal.Signals) -> None:
    """Ends the server that a killed run left at work in this folder, and removes a pid file that names a stranger.

    Only where /proc tells what a process is (Linux); elsewhere the server itself refuses to start twice.
    """
    pid = _recorded_pid(pid_file)
    if pid is None or not (_PROC / str(pid)).exists():
        return
    if not _works_in(pid, folder):
        pid_file.unlink(missing_ok=True)  # The number is another process's now; a server would wait for it for ever.
        return
    _end(pid, folder, stop_signal)


def _recorded_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split(maxsplit=1)[0])
    except (OSError, ValueError, IndexError):
        return None


def _works_in(pid: int, folder: Path) -> bool:
    """By its command line, as for Postgres, or by its working folder, as for Redis."""
    try:
        command = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
        return os.fsencode(folder) in command or (_PROC / str(pid) / "cwd").readlink() == folder
    except OSError:
        return False


def _end(pid: int, folder: Path, stop_signal: signal.Signals) -> None:
    kill_at = time.monotonic() + _GRACE_S
    with suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
        while _works_in(pid, folder):
            time.sleep(0.02)
            if time.monotonic() > kill_at:
                os.kill(pid, signal.SIGKILL)
