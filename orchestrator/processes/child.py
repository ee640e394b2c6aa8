"""One child process, with its log file and everything that it started itself."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.processes.errors import ProcessDiedError
from orchestrator.processes.guard import dying_with_parent

_TAIL_LINES = 20
_TAIL_BYTES = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """How a process is started and stopped."""

    #: Unique among the processes of one supervisor; names the log file.
    name: str
    #: What it does for Toolchord, for people.
    role: str
    command: tuple[str, ...]
    #: Its whole environment: nothing is inherited.
    environ: Mapping[str, str] = field(repr=False)
    #: Output and errors go there, appended.
    log: Path
    cwd: Path | None = None
    #: Put before the command, such as a change of user.
    prefix: tuple[str, ...] = ()
    #: Processes of a lower stage are stopped first, those of one stage together.
    stop_stage: int = 0
    stop_signal: signal.Signals = signal.SIGTERM
    #: Sent by the kernel when this process is gone.
    orphan_signal: signal.Signals = signal.SIGKILL
    #: Seconds between the stop signal and SIGKILL.
    grace_s: float = 5.0


class Child:
    """A process of a spec: started once, and again after it ended."""

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None before the first start. After the end it is the pid that was."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs or was never started; negative for a signal."""
        return self._process.poll() if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts the process as leader of a session of its own. Raises OSError when it cannot be started.

        Call it from a thread that outlives the process: the kernel takes the end of that thread for the end of the
        parent.
        """
        spec = self.spec
        with spec.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the command is our own
                (*spec.prefix, *dying_with_parent(spec.orphan_signal), *spec.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(spec.environ),
                cwd=spec.cwd,
                start_new_session=True,
            )

    def ask_to_stop(self) -> None:
        if self._process:
            self._process.send_signal(self.spec.stop_signal)

    def wait(self, timeout_s: float) -> bool:
        """Whether it ended, or was never started, within the time."""
        if self._process:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(timeout_s, 0))
        return not self.running

    def kill(self) -> None:
        """Ends the process and all of its group at once. Safe for a process that ended: its group may live on."""
        if self._process:
            # The group of a reaped leader is not given to others while a member lives; without one there is no group.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def died(self) -> ProcessDiedError:
        """The error that tells of its end."""
        return ProcessDiedError(self.spec.name, self.exit_code, tail(self.spec.log))


def tail(log: Path) -> str:
    """The last lines of a log file."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-_TAIL_LINES:])
