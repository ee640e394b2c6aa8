"""A process's sign of life: a file that it touches while it works, and the check for a container's health test.

A check by file costs no broker. `celery inspect ping` would, and an outage of the broker would then restart every worker.
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Final

#: Names the file, for the process that touches it and for the check.
VARIABLE: Final = "TOOLCHORD_HEARTBEAT_FILE"
#: Seconds from one touch to the next.
INTERVAL_S: Final = 2.0
#: Older than this, in seconds, the process is taken for dead or stuck.
MAX_AGE_S: Final = 15.0


def touch(path: Path) -> None:
    """Says that the process is alive now. Raises OSError when the file cannot be written."""
    path.touch()


def keep(path: Path | None) -> None:
    """Touches the file from a thread of its own for as long as the process lives; nothing without a file. Call it once, and
    after any fork."""
    if path is not None:
        threading.Thread(target=_beat, args=(path,), name="toolchord-heartbeat", daemon=True).start()


def is_fresh(path: Path, max_age_s: float = MAX_AGE_S) -> bool:
    """Whether the file was touched less than `max_age_s` seconds ago. A file that does not exist was not."""
    try:
        touched_at = path.stat().st_mtime
    except FileNotFoundError:
        return False
    # A clock that was set back must not leave the file fresh until the clock has caught up.
    return abs(time.time() - touched_at) < max_age_s


def main() -> int:
    """The exit status of `python -m tasks.heartbeat`: 0 when the file that the variable names is fresh, else 1."""
    name = os.environ.get(VARIABLE)
    if not name:
        sys.stderr.write(f"{VARIABLE} is not set: name the file that the process touches.\n")
        return 1
    return 0 if is_fresh(Path(name)) else 1


def _beat(path: Path) -> None:
    while True:
        touch(path)
        time.sleep(INTERVAL_S)


if __name__ == "__main__":
    sys.exit(main())
