"""The folder that keeps what a local Toolchord writes."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.processes.errors import FolderInUseError


class DataFolder:
    """Data, logs and locks of the local processes. Made when missing; git is then told to ignore it."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        if not self.path.exists():
            self.path.mkdir(parents=True)
            (self.path / ".gitignore").write_text("*\n")
        (self.path / "logs").mkdir(exist_ok=True)

    def log(self, name: str) -> Path:
        """The log file of one process, without the lines of earlier runs."""
        path = self.path / "logs" / f"{name}.log"
        path.write_bytes(b"")
        return path

    @contextmanager
    def locked(self, purpose: str) -> Generator[None]:
        """Keeps the folder for one process and purpose. The lock ends with the process, however that ends.

        Raises FolderInUseError when another has it.
        """
        with (self.path / f"{purpose}.lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise self._in_use(file.read()) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def _in_use(self, pid: str) -> FolderInUseError:
        return FolderInUseError(
            f"The data folder {self.path} is in use by process {pid}. Stop that one, or name another folder with TOOLCHORD_DATA_DIR."
        )
