"""An embedded Redis."""

import os
import secrets
import shutil
import signal
import socket
from pathlib import Path

from orchestrator.embedded.binaries import redis_program
from orchestrator.processes.child import Child, ProcessSpec
from orchestrator.processes.leftovers import end_leftover
from orchestrator.processes.ports import LOOPBACK, free_port

_CONFIG = """\
bind {host}
port {port}
requirepass {password}
dir .
pidfile redis.pid
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class Redis:
    """A server on a loopback port and with a password, both new at each start, for not every client knows Unix sockets."""

    name = "redis"

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder = folder
        self._log = log
        self._program = redis_program()
        self._port = free_port()
        self._password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    def forget(self) -> None:
        """Removes all data."""
        self._end_leftover()
        shutil.rmtree(self._folder, ignore_errors=True)

    def prepare(self) -> ProcessSpec:
        self._end_leftover()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._write_config()
        return ProcessSpec(
            name=self.name,
            role="broker",
            command=(str(self._program), "redis.conf"),
            environ={"PATH": os.defpath, "LC_ALL": "C"},
            log=self._log,
            cwd=self._folder,
            orphan_signal=signal.SIGTERM,
            grace_s=10,
        )

    def is_ready(self, _: Child) -> bool:
        """Whether it accepts commands: its data is loaded, and it is ours and not a stranger that took the port."""
        try:
            with socket.create_connection((LOOPBACK, self._port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\nQUIT\r\n".encode())
                with connection.makefile("rb") as replies:
                    return replies.read() == b"+OK\r\n+PONG\r\n+OK\r\n"
        except OSError:
            return False

    def clean(self) -> None:
        """Everything lies in the data folder."""

    def _end_leftover(self) -> None:
        end_leftover(self._folder / "redis.pid", self._folder, signal.SIGTERM)

    def _write_config(self) -> None:
        """In a file that only we may read: a command line is seen by everyone on the machine."""
        config = self._folder / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(_CONFIG.format(host=LOOPBACK, port=self._port, password=self._password))
