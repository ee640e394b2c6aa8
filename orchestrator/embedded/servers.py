"""The pair of servers that a local Toolchord needs."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from orchestrator.embedded.postgres import Postgres
from orchestrator.embedded.redis import Redis
from orchestrator.processes.child import Child, ProcessSpec, tail
from orchestrator.processes.errors import NotReadyError
from orchestrator.processes.folder import DataFolder
from orchestrator.processes.supervisor import RestartPolicy, Supervisor

_DATABASE_URL = "DATABASE_URL"
_REDIS_URL = "REDIS_URL"
#: Recovery after a crash on a slow disk takes longest.
_READY_S = 60.0
_POLL_S = 0.01


class _Server(Protocol):
    """What `EmbeddedServers` needs of each server."""

    name: str

    @property
    def url(self) -> str: ...
    def forget(self) -> None: ...
    def prepare(self) -> ProcessSpec: ...
    def is_ready(self, child: Child, /) -> bool: ...
    def clean(self) -> None: ...


class EmbeddedServers:
    """Starts Postgres and Redis, each only where the environment names none by DATABASE_URL or REDIS_URL.

    Data is kept in the data folder, and `fresh` forgets it first. Entering raises StackError when a server is missing,
    does not start or when another process uses the folder. Leaving stops what was started. Enter it in a thread that
    outlives the block: the servers end with that thread.
    """

    def __init__(self, data_dir: Path, environ: Mapping[str, str], *, fresh: bool = False, restarts: RestartPolicy | None = None) -> None:
        self._data_dir = data_dir
        self._fresh = fresh
        self._given = {name: environ[name] for name in (_DATABASE_URL, _REDIS_URL) if environ.get(name)}
        self._urls = self._given
        self._exit = ExitStack()
        #: Has `mend`, for who runs long.
        self.supervisor = Supervisor(restarts or RestartPolicy(backoff_s=0.2, deaths=3))

    @property
    def database_url(self) -> str:
        return self._urls[_DATABASE_URL]

    @property
    def redis_url(self) -> str:
        return self._urls[_REDIS_URL]

    def __enter__(self) -> Self:
        if len(self._given) < len((_DATABASE_URL, _REDIS_URL)):
            with ExitStack() as undo:
                self._start(undo)
                self._exit = undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._exit.close()

    def _start(self, undo: ExitStack) -> None:
        folder = DataFolder(self._data_dir)
        undo.enter_context(folder.locked("servers"))
        servers = self._missing(folder)
        for server in servers.values():
            undo.callback(server.clean)
        undo.enter_context(self.supervisor)
        for server in servers.values():
            if self._fresh:
                server.forget()
            self.supervisor.start([server.prepare()])
        self._await_ready(tuple(servers.values()))
        self._urls = self._given | {variable: server.url for variable, server in servers.items()}

    def _missing(self, folder: DataFolder) -> dict[str, _Server]:
        """The servers to start. Redis first: it loads its data while Postgres is prepared."""
        servers: dict[str, _Server] = {}
        if _REDIS_URL not in self._given:
            servers[_REDIS_URL] = Redis(folder.path / Redis.name, folder.log(Redis.name))
        if _DATABASE_URL not in self._given:
            servers[_DATABASE_URL] = Postgres(folder.path / Postgres.name, folder.log(Postgres.name))
        return servers

    def _await_ready(self, servers: tuple[_Server, ...]) -> None:
        give_up_at = time.monotonic() + _READY_S
        for server, child in zip(servers, self.supervisor.children, strict=True):
            while not server.is_ready(child):
                # Restarted and not given up: the sessions of a killed Postgres may need a moment to leave its memory.
                self.supervisor.mend()
                if time.monotonic() > give_up_at:
                    raise NotReadyError(f"{server.name} is not ready after {_READY_S:.0f} s:\n{tail(child.spec.log)}")
                time.sleep(_POLL_S)
