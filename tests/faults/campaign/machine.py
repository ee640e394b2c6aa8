"""What the machine's process table tells."""

import os
import signal
from collections import defaultdict
from contextlib import suppress
from pathlib import Path


def tree(pid: int) -> list[int]:
    """The process and all that descend from it, the oldest first."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and (parent := _parent(path)) is not None:
            children[parent].append(int(path.name))
    found = [pid]
    for one in found:
        found += children[one]
    return found


def send(number: signal.Signals, *pids: int) -> None:
    """Signals what is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def command(pid: int) -> str:
    """A process's command line; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def of_folder(folder: Path) -> dict[int, str]:
    """The command lines of all processes whose environment or command line names the folder."""
    found = {int(path.name): path for path in Path("/proc").iterdir() if path.name.isdecimal() and path.name != str(os.getpid())}
    return {pid: command(pid) for pid, path in found.items() if _names(path, str(folder).encode())}


def _names(path: Path, text: bytes) -> bool:
    try:
        return text in (path / "environ").read_bytes() or text in (path / "cmdline").read_bytes()
    except OSError:
        return False


def _parent(path: Path) -> int | None:
    try:
        # The name, in brackets, may hold anything.
        return int((path / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None
