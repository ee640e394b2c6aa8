"""The command as a person runs it in a folder, and what it leaves behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.embedded import binaries
from orchestrator.llm import records
from orchestrator.processes.errors import ServerUnavailableError

_OF_MODELS = frozenset(variable.name for variable in records.variables())
_COMMAND = (sys.executable, "-m", "orchestrator.cli")


class Shell:
    """Runs `toolchord` with a data folder and a folder of temporary files of its own."""

    def __init__(self, folder: Path) -> None:
        self.data, self._temporary = folder / "data", folder / "temporary"
        self._temporary.mkdir()
        self._environ = {
            **{name: value for name, value in os.environ.items() if not names_another(name)},
            "TOOLCHORD_DATA_DIR": str(self.data),
            "TMPDIR": str(self._temporary),
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run((*_COMMAND, *words), env=self._environ, capture_output=True, text=True, timeout=110, check=False)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            (*_COMMAND, *words),
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Tests that run in the background are started with Ctrl-C ignored, and would pass that on.
            preexec_fn=_heed_interrupts,  # noqa: PLW1509 - it sets one signal and nothing else
        )

    def assert_nothing_left(self) -> None:
        """No process, no temporary file, and no sign of a stack that runs."""
        assert [_command_line(process) for process in Path("/proc").iterdir() if self._started(process)] == []
        assert list(self._temporary.iterdir()) == []
        assert not (self.data / "stack.json").exists()

    def _started(self, process: Path) -> bool:
        """Whether the process has our folder of temporary files, or works in our data folder."""
        try:
            inherited = f"TMPDIR={self._temporary}".encode() in (process / "environ").read_bytes().split(b"\0")
            return inherited or (process / "cwd").readlink().is_relative_to(self.data)
        except (OSError, ValueError):
            return False


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def require_servers() -> None:
    """Skips the test where Postgres or Redis cannot be started; in CI they must be there."""
    try:
        binaries.postgres_programs()
        binaries.redis_program()
    except ServerUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def names_another(name: str) -> bool:
    """Whether the variable names another Toolchord, its servers or its model."""
    return name.upper().startswith(("TOOLCHORD_", "PG")) or name.upper() in {"DATABASE_URL", "REDIS_URL", *_OF_MODELS}


def _command_line(process: Path) -> str:
    return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
