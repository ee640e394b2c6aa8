"""A small disk of its own for Postgres, that can be filled."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_BYTES: Final = 1200 * 2**20
_BIT: Final = 64 * 2**10


class Disk:
    """A folder; where we may mount, a memory disk of limited size in that place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.missing: str | None = None

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True)
        self.missing = _mount(self.path)
        self.path.chmod(0o755)  # Postgres runs as another user where we are root.
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.missing is None:
            subprocess.run(["umount", "--lazy", str(self.path)], check=False, capture_output=True)

    def fill(self) -> None:
        """Takes all space that is left."""
        with (self.path / "ballast").open("wb") as file, suppress(OSError):
            # Others write at the same time: what is taken at first is a little less, and the rest bit by bit.
            os.posix_fallocate(file.fileno(), 0, max(_BIT, shutil.disk_usage(self.path).free - 16 * _BIT))
            while True:
                os.write(file.fileno(), bytes(_BIT))

    def empty(self) -> None:
        """Gives the space back."""
        (self.path / "ballast").unlink(missing_ok=True)


def _mount(path: Path) -> str | None:
    """Why there is no disk, or None."""
    if os.geteuid() != 0:
        return "a memory disk can be mounted by root only"
    command = ["mount", "-t", "tmpfs", "-o", f"size={_BYTES}", "toolchord-campaign", str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return None if done.returncode == 0 else f"no memory disk could be mounted: {done.stderr.strip()}"
