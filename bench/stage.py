"""What the systems share while they are measured: the servers, the model, and who starts and stops the processes."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from httpx2 import Client, HTTPError
from sqlalchemy import make_url

from bench.workloads import WORKLOADS
from orchestrator.embedded import EmbeddedServers
from orchestrator.processes.child import Child, ProcessSpec
from orchestrator.processes.errors import NotReadyError
from orchestrator.processes.folder import DataFolder
from orchestrator.processes.ports import LOOPBACK, free_port
from orchestrator.processes.signals import ends_by_exception
from orchestrator.processes.supervisor import Supervisor

_READY_S = 60.0
_POLL_S = 0.05
#: What processes need of the environment. Settings, keys and proxies of whoever measures must not be part of it.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")


class Stage:
    """Embedded servers in a folder, a scripted model and a set of processes, which all end when it is left."""

    def __init__(self, folder: Path) -> None:
        self.environ = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {"PYTHONUNBUFFERED": "1"}
        self._folder = DataFolder(folder)
        self._servers = EmbeddedServers(folder, {})
        self._supervisor = Supervisor()
        self._model_port = free_port()
        self._exit = ExitStack()

    @property
    def model_url(self) -> str:
        return f"http://{LOOPBACK}:{self._model_port}/v1"

    @property
    def database_url(self) -> str:
        return self._servers.database_url

    def redis_url(self, database: int) -> str:
        """One of the numbered databases of the same server."""
        return make_url(self._servers.redis_url).set(database=str(database)).render_as_string(hide_password=False)

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self._folder.log(name)

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(ends_by_exception())
            undo.enter_context(self._servers)
            undo.enter_context(self._supervisor)
            self._start_model()
            self._exit = undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._exit.close()

    def start(self, *specs: ProcessSpec) -> None:
        """Starts processes that run until the stage is left."""
        self._supervisor.start(specs)

    def run(self, spec: ProcessSpec) -> None:
        """Runs a process to its end. Raises ProcessDiedError when it fails."""
        child = Child(spec)
        child.start()
        try:
            child.wait(_READY_S)
        finally:
            child.kill()
        if child.exit_code:
            raise child.died()

    def until(self, ready: Callable[[], bool], who: str) -> None:
        """Raises NotReadyError when it takes too long, ProcessDiedError when a process ends meanwhile."""
        give_up_at = time.monotonic() + _READY_S
        while not ready():
            self._supervisor.check()
            if time.monotonic() > give_up_at:
                raise NotReadyError(f"{who} did not become ready within {_READY_S:.0f} s.")
            time.sleep(_POLL_S)

    def _start_model(self) -> None:
        command = (sys.executable, "-m", "orchestrator.llm.scripted", "--host", LOOPBACK, "--port", str(self._model_port))
        spec = ProcessSpec(name="model", role="scripted model", command=command, environ=self.environ, log=self.log("model"), stop_stage=1)
        self.start(spec)
        with Client(base_url=f"http://{LOOPBACK}:{self._model_port}", trust_env=False) as http:
            self.until(lambda: _answers(http), "The scripted model")
            for workload in WORKLOADS:
                http.put(f"/scripts/{workload.name}", content=workload.script.model_dump_json()).raise_for_status()


def _answers(http: Client) -> bool:
    try:
        return http.get("/healthz").is_success
    except HTTPError:
        return False
