"""A whole Toolchord on this machine."""

import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import NamedTuple, Self

from orchestrator.embedded import EmbeddedServers
from orchestrator.llm import access, records
from orchestrator.llm.records import PROVIDERS
from orchestrator.processes.child import Child
from orchestrator.processes.errors import NotReadyError, StackError
from orchestrator.processes.folder import DataFolder
from orchestrator.processes.ports import LOOPBACK, ReservedPort
from orchestrator.processes.signals import ends_by_exception
from orchestrator.processes.supervisor import RestartPolicy, Supervisor
from orchestrator.settings import Settings
from orchestrator.stack import plan
from orchestrator.stack.readiness import Readiness

_API_PORT = 8000
_FLOWER_PORT = 5555
_MODEL_PORT = 8099
_MIGRATIONS_S = 60.0
_POLL_S = 0.1
_WATCH_S = 0.2


class RunningProcess(NamedTuple):
    """A process of the stack, for people."""

    name: str
    pid: int
    role: str


class Stack:
    """Starts servers, migrations and every process; stops them all when it is left, also by a signal.

    Servers and model are embedded where the settings name none. Entering raises StackError, and OSError when a process
    cannot be started. `fresh` forgets the embedded servers' data first.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        fresh: bool = False,
        host: str = LOOPBACK,
        port: int | None = None,
        restarts: RestartPolicy | None = None,
    ) -> None:
        """The API listens on the host, and on the port when one is given; else on 8000 or the next free one. `restarts`
        holds for the embedded servers too."""
        self._settings = settings
        self._environ = dict(environ) | _secrets(settings)
        self._supervisor = Supervisor(restarts)
        self._servers = EmbeddedServers(settings.data_dir, self._environ, fresh=fresh, restarts=restarts)
        self._exit = ExitStack()
        self._host = host
        self._wanted_port = port
        self._access = access.read(PROVIDERS.values(), self._environ)
        #: Whether the scripted model stands in for every provider.
        self.scripted = not records.configured(self._access)
        self._flower_password = secrets.token_urlsafe(12)

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self._api_port.number}"

    @property
    def flower_url(self) -> str:
        return f"http://{LOOPBACK}:{self._flower_port.number}"

    @property
    def flower_auth(self) -> tuple[str, str]:
        """User and password of Flower, new at each start."""
        return "toolchord", self._flower_password

    @property
    def model_url(self) -> str | None:
        """The server that is asked in place of OpenAI's own; None where there is none."""
        return f"{self._scripted_url}/v1" if self.scripted else self._access.get("OPENAI_BASE_URL")

    @property
    def _scripted_url(self) -> str:
        return f"http://{LOOPBACK}:{self._model_port.number}"

    @property
    def redis_url(self) -> str:
        """Embedded, or the one that was named."""
        return self._servers.redis_url

    @property
    def processes(self) -> tuple[RunningProcess, ...]:
        """What was started, the servers first."""
        children = (*self._servers.supervisor.children, *self._supervisor.children)
        return tuple(RunningProcess(child.spec.name, child.pid, child.spec.role) for child in children if child.pid)

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self._start(undo)
            self._exit = undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops the workers and the coordinator, then the API and the model, then the servers. Safe to call twice."""
        self._exit.close()

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Returns when the API answers and both worker pools have announced their tools.

        Raises ProcessDiedError when a process ends meanwhile, NotReadyError when it takes longer.
        """
        give_up_at = time.monotonic() + timeout_s
        while missing := self._readiness.missing():
            self.check()
            if time.monotonic() > give_up_at:
                raise NotReadyError(f"Toolchord is not ready after {timeout_s:.0f} s: waiting for {missing}.")
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Raises ProcessDiedError when a process is not running."""
        self._servers.supervisor.check()
        self._supervisor.check()

    def mend(self) -> None:
        """Starts again what has died. Raises ProcessDiedError for a process that dies too often."""
        self._servers.supervisor.mend()
        self._supervisor.mend()

    def watch(self) -> None:
        """Keeps the processes running until a signal ends it. Raises ProcessDiedError for one that dies too often."""
        while True:
            self.mend()
            time.sleep(_WATCH_S)

    def _start(self, undo: ExitStack) -> None:
        undo.enter_context(ends_by_exception())
        folder = DataFolder(self._settings.data_dir)
        undo.enter_context(folder.locked("stack"))
        self._reserve_ports(undo)
        undo.enter_context(self._servers)
        undo.enter_context(self._supervisor)
        self._readiness = Readiness(self.api_url, self._servers.redis_url)
        undo.callback(self._readiness.close)
        outline = self._plan(folder)
        self._supervisor.start(plan.without_database(outline))
        _migrate(outline)
        self._supervisor.start(plan.with_database(outline))

    def _reserve_ports(self, undo: ExitStack) -> None:
        try:
            self._api_port = ReservedPort(self._wanted_port or _API_PORT, only=self._wanted_port is not None)
            undo.callback(self._api_port.release)
            self._flower_port = ReservedPort(_FLOWER_PORT)
            undo.callback(self._flower_port.release)
            self._model_port = ReservedPort(_MODEL_PORT if self.scripted else 0)
            undo.callback(self._model_port.release)
        except OSError as error:
            raise StackError(f"{error.strerror} Choose another.") from None

    def _scripted_model(self) -> dict[str, str]:
        """A run that names no model then shows that no language model answered it."""
        named = self._environ.get("TOOLCHORD_MODEL") or "scripted"
        return {name: value for each in PROVIDERS.values() for name, value in each.at(self._scripted_url).items()} | {
            "TOOLCHORD_MODEL": named
        }

    def _plan(self, folder: DataFolder) -> plan.Plan:
        urls = {"DATABASE_URL": self._servers.database_url, "REDIS_URL": self._servers.redis_url}
        model = self._scripted_model() if self.scripted else {}
        return plan.Plan(
            environ=self._environ | urls | model,
            log=folder.log,
            host=self._host,
            api_port=self._api_port.number,
            flower_port=self._flower_port.number,
            flower_auth=":".join(self.flower_auth),
            model_port=self._model_port.number if self.scripted else None,
            drain_s=self._settings.drain_s,
        )


def _migrate(outline: plan.Plan) -> None:
    child = Child(plan.migrations(outline))
    child.start()
    try:
        ended = child.wait(_MIGRATIONS_S)
    finally:
        child.kill()
    if not ended:
        raise StackError(f"The migrations took longer than {_MIGRATIONS_S:.0f} s.")
    if child.exit_code:
        raise child.died()


def _secrets(settings: Settings) -> dict[str, str]:
    """What the settings may have from files, in the names that processes read."""
    given = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    return {name: secret.get_secret_value() for name, secret in given.items() if secret}
