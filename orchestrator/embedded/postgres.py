"""An embedded Postgres."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

from orchestrator.embedded.binaries import postgres_programs
from orchestrator.processes.child import Child, ProcessSpec
from orchestrator.processes.errors import ServerUnavailableError
from orchestrator.processes.guard import dying_with_parent, give_away, without_root
from orchestrator.processes.leftovers import end_leftover

_USER = "toolchord"
_MAX_CONNECTIONS = 200
_INITDB_S = 120
#: A Unix socket's path may have 107 bytes, and 103 on macOS.
_MAX_SOCKET_PATH = 100
_SOCKET_NAME = ".s.PGSQL.5432"
#: A clean one: the user's PGPORT, PGDATA and locale are meant for other servers.
_ENVIRON = {"PATH": os.defpath, "LC_ALL": "C"}


class Postgres:
    """A cluster in a folder, reached by a Unix socket that only its owner and root may open."""

    name = "postgres"

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder = folder
        self._log = log
        self._programs = postgres_programs()
        self._pid_file = folder / "postmaster.pid"
        self._socket = _SocketFolder(folder)

    @property
    def url(self) -> str:
        return f"postgresql://{_USER}@/postgres?host={quote(str(self._socket.path), safe='/')}"

    def forget(self) -> None:
        """Removes all data."""
        self._end_leftover()
        self._socket.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    def prepare(self) -> ProcessSpec:
        """Makes the cluster when there is none. Raises ServerUnavailableError when it cannot be made."""
        self._end_leftover()
        if not self._folder.exists():
            self._make_cluster()
        self._socket.make()
        return ProcessSpec(
            name=self.name,
            role="database",
            command=self._command(),
            prefix=without_root(self._programs / "postgres", self._folder),
            environ=_ENVIRON,
            log=self._log,
            cwd=Path("/"),
            # Fast shutdown: sessions are ended, data is written. SIGTERM would wait for every session to leave.
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
            grace_s=10,
        )

    def is_ready(self, child: Child) -> bool:
        """Whether it accepts connections, by the pid file's last line, as `pg_ctl --wait` tells."""
        try:
            lines = self._pid_file.read_text().splitlines()
        except OSError:
            return False
        return lines[:1] == [str(child.pid)] and [line.strip() for line in lines[7:]] == ["ready"]

    def clean(self) -> None:
        """Removes what lies outside the data folder."""
        self._socket.remove()

    def _end_leftover(self) -> None:
        end_leftover(self._pid_file, self._folder, signal.SIGINT)

    def _command(self) -> tuple[str, ...]:
        options = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": '"' + str(self._socket.path).replace('"', '""') + '"',
            "unix_socket_permissions": "0700",
            "max_connections": str(_MAX_CONNECTIONS),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        settings = tuple(part for name, value in options.items() for part in ("-c", f"{name}={value}"))
        return (str(self._programs / "postgres"), "-D", str(self._folder), *settings)

    def _make_cluster(self) -> None:
        """Made beside its place and then renamed, so that an interrupted attempt leaves no half cluster there."""
        new = self._folder.with_name(f"{self._folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        give_away(new)
        program = str(self._programs / "initdb")
        # Trust: who can reach the socket is the owner or root.
        options = ("-D", str(new), "-U", _USER, "--auth=trust", "--encoding=UTF8", "--no-locale")
        prefix = (*without_root(Path(program), new), *dying_with_parent(signal.SIGKILL))
        _run((*prefix, program, *options), self._log)
        new.rename(self._folder)


def _run(command: tuple[str, ...], log: Path) -> None:
    done = subprocess.run(  # noqa: S603 - the command is our own
        command, env=_ENVIRON, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_INITDB_S, check=False
    )
    if done.returncode:
        log.write_text(done.stdout + done.stderr)
        raise ServerUnavailableError(f"Postgres could not make its data folder:\n{(done.stderr or done.stdout).strip()}")


class _SocketFolder:
    """The cluster's own folder, or a temporary one where a socket there could not be reached: its path is too long, or
    has a comma, by which clients divide hosts."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self._unfit = len(os.fsencode(folder / _SOCKET_NAME)) > _MAX_SOCKET_PATH or "," in str(folder)
        #: Names the temporary folder, for the run after a killed one.
        self._record = folder.with_name(f"{folder.name}.socket")

    def make(self) -> None:
        self.remove()
        if self._unfit:
            self.path = Path(tempfile.mkdtemp(prefix="toolchord-"))
            give_away(self.path)
            self._record.write_text(str(self.path))

    def remove(self) -> None:
        if self._record.exists():
            shutil.rmtree(self._record.read_text(), ignore_errors=True)
            self._record.unlink()
