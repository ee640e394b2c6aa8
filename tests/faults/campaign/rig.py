"""A Toolchord for campaigns: two of each process, and between every process and its servers a network that can go bad."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import psycopg
from httpx2 import Client
from redis import Redis
from sqlalchemy import make_url

from orchestrator.embedded import EmbeddedServers
from orchestrator.processes.child import Child, ProcessSpec
from orchestrator.processes.errors import NotReadyError, StackError
from orchestrator.processes.folder import DataFolder
from orchestrator.processes.ports import LOOPBACK, ReservedPort
from orchestrator.processes.supervisor import RestartPolicy, Supervisor
from orchestrator.stack import plan
from orchestrator.stack.readiness import Readiness
from tasks import failpoints
from tasks.broker import connect
from tasks.presence import Presence
from tests.acceptance import ledger
from tests.acceptance.conftest import ROOT, clean_environ
from tests.faults import history
from tests.faults.campaign import bank, sabotage
from tests.faults.campaign.disk import Disk
from tests.faults.campaign.proxy import Proxies, Proxy

#: Restarted soon and however often: who kills here is not ill.
_RESTARTS: Final = RestartPolicy(backoff_s=0.5, max_backoff_s=2.0, deaths=1000)
_SERVER_RESTARTS: Final = RestartPolicy(backoff_s=0.2, max_backoff_s=1.0, deaths=1000)
#: A secret that must be seen nowhere.
MODEL_KEY: Final = "canary-of-the-models-key"
_TOOLS: Final = "tests.faults.campaign.tools"
#: What there are two of; the second has this suffix.
_TWICE: Final = ("coordinator", "watcher", "worker-io", "worker-default")
_SECOND: Final = "-2"
_ANNOUNCED: Final = 6
_READY_S: Final = 90.0
_DATABASE, _REDIS = "DATABASE_URL", "REDIS_URL"


class Line(NamedTuple):
    """The way from one process to one server."""

    process: str
    server: str


class Rig:
    """Starts everything, keeps it running while `mend` is called, and stops it when it is left. Use it, but for its
    signals and proxies, from one thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failpoints = folder / "failpoints"
        self.proxies: dict[Line, Proxy] = {}
        self._supervisor = Supervisor(_RESTARTS)
        self._exit = ExitStack()

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self._api_port.number}"

    @property
    def model_url(self) -> str:
        return f"http://{LOOPBACK}:{self._model_port.number}"

    @property
    def database_url(self) -> str:
        """The straight way, past the proxies."""
        return self._postgres.database_url

    @property
    def redis_url(self) -> str:
        """The straight way, past the proxies."""
        return self._redis.redis_url

    @property
    def disk(self) -> Disk:
        """Where Postgres keeps its data."""
        return self._disk

    @property
    def wards(self) -> dict[str, Child]:
        """Every process of Toolchord, by its name."""
        return {child.spec.name: child for child in self._supervisor.children}

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement, past the proxies. Raises psycopg.Error."""
        with psycopg.connect(self.database_url, autocommit=True, connect_timeout=2) as connection:
            return connection.execute(statement.encode()).fetchall()

    def redis(self, timeout_s: float = 5.0) -> Redis:
        """A client that goes past the proxies."""
        return connect(self.redis_url, timeout_s)

    def pid(self, name: str) -> int:
        """Of a process of ours, or of `postgres` or `redis`; 0 before it was started."""
        servers = (*self._postgres.supervisor.children, *self._redis.supervisor.children)
        return next(child.pid or 0 for child in (*self._supervisor.children, *servers) if child.spec.name == name)

    def logs(self) -> Iterator[Path]:
        """The log of each process."""
        return (self.folder / "data" / "logs").glob("*.log")

    def mend(self) -> None:
        """Starts again what has died."""
        for supervisor in (self._redis.supervisor, self._postgres.supervisor, self._supervisor):
            supervisor.mend()

    def heal(self) -> None:
        """The network is good again, and nothing is armed."""
        for proxy in self.proxies.values():
            proxy.heal()
        for armed in self.failpoints.iterdir():
            armed.unlink(missing_ok=True)

    def wait_ready(self) -> None:
        """Returns when the API answers and every worker is there. Raises NotReadyError."""
        give_up_at = time.monotonic() + _READY_S
        while missing := self._missing():
            self.mend()
            if time.monotonic() > give_up_at:
                raise NotReadyError(f"The rig is not ready after {_READY_S:.0f} s: waiting for {missing}.")
            time.sleep(0.1)

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self._start(undo)
            self._exit = undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._exit.close()

    def _missing(self) -> str | None:
        there = len(Presence(self._direct).workers())
        return self._readiness.missing() or (None if there >= _ANNOUNCED else f"{_ANNOUNCED - there} workers")

    def _start(self, undo: ExitStack) -> None:
        for part in (self.failpoints, sabotage.folder(self.folder)):
            part.mkdir(parents=True)
        self._reserve_ports(undo)
        self._disk = undo.enter_context(Disk(self.folder / "disk"))
        network = undo.enter_context(Proxies())
        self._redis = undo.enter_context(_server(self.folder / "data", _DATABASE))
        self._postgres = undo.enter_context(_server(self._disk.path, _REDIS))
        self._direct = undo.enter_context(self.redis())
        undo.enter_context(self._supervisor)
        self._readiness = Readiness(self.api_url, self.redis_url)
        undo.callback(self._readiness.close)
        self._start_processes(network)

    def _start_processes(self, network: Proxies) -> None:
        outline = self._outline()
        migrations = Child(plan.migrations(outline))
        migrations.start()
        migrations.wait(_READY_S)
        migrations.kill()
        if migrations.exit_code:
            raise migrations.died()
        specs = [spec for spec in (*plan.without_database(outline), *plan.with_database(outline)) if spec.name != "flower"]
        seconds = [_second(spec, outline) for spec in specs if spec.name in _TWICE]
        self._supervisor.start([self._connected(_campaigning(spec, self.folder), network) for spec in (*specs, *seconds)])

    def _connected(self, spec: ProcessSpec, network: Proxies) -> ProcessSpec:
        """The process with ways of its own to its servers."""
        environ = dict(spec.environ)
        for variable, server in ((_REDIS, "redis"), (_DATABASE, "postgres")):
            if variable in environ:
                proxy = self.proxies[Line(spec.name, server)] = network.add(_address(environ[variable]))
                environ[variable] = _through(environ[variable], proxy.port)
        return replace(spec, environ=environ)

    def _reserve_ports(self, undo: ExitStack) -> None:
        try:
            self._api_port, self._model_port, self._flower_port = ReservedPort(), ReservedPort(), ReservedPort()
        except OSError as error:
            raise StackError(str(error)) from None
        for port in (self._api_port, self._model_port, self._flower_port):
            undo.callback(port.release)

    def _outline(self) -> plan.Plan:
        data = DataFolder(self.folder / "data")
        return plan.Plan(
            environ=self._environ(),
            log=data.log,
            api_port=self._api_port.number,
            flower_port=self._flower_port.number,
            flower_auth="none:none",
            model_port=self._model_port.number,
        )

    def _environ(self) -> Mapping[str, str]:
        return {
            **clean_environ(),
            "PYTHONPATH": str(ROOT),
            "TOOLCHORD_TOOLS": _TOOLS,
            failpoints.VARIABLE: str(self.failpoints),
            sabotage.VARIABLE: str(sabotage.folder(self.folder)),
            bank.VARIABLE: str(self.folder / history.BANK),
            ledger.VARIABLE: str(self.folder / history.LEDGER),
            _DATABASE: self.database_url,
            _REDIS: self.redis_url,
            "OPENAI_BASE_URL": f"{self.model_url}/v1",
            "OPENAI_API_KEY": MODEL_KEY,
            "TOOLCHORD_MODEL": "scripted",
        }


def http(url: str, timeout_s: float = 10.0) -> Client:
    """A client that no proxy of the environment stands before."""
    return Client(base_url=url, timeout=timeout_s, trust_env=False)


def _server(data: Path, other: str) -> EmbeddedServers:
    """One embedded server: the other counts as given."""
    servers = EmbeddedServers(data, {other: "elsewhere"})
    servers.supervisor = Supervisor(_SERVER_RESTARTS)
    return servers


def _second(spec: ProcessSpec, outline: plan.Plan) -> ProcessSpec:
    name = spec.name + _SECOND
    command = tuple(part.replace("@%h", f"{_SECOND}@%h") for part in spec.command)
    return replace(spec, name=name, log=outline.log(name), command=command)


def _campaigning(spec: ProcessSpec, folder: Path) -> ProcessSpec:
    """The process with what a campaign must see of it or do to it."""
    if spec.name == "model":
        return replace(spec, command=(*spec.command, "--log", str(folder / "requests.jsonl")))
    if "worker" in spec.command:
        return replace(spec, command=(*spec.command, "-I", sabotage.__name__))
    return spec


def _address(url: str) -> Path | tuple[str, int]:
    """Where a server listens."""
    parsed = make_url(url)
    folder = parsed.query.get("host")
    if isinstance(folder, str):
        return Path(folder) / ".s.PGSQL.5432"
    return parsed.host or LOOPBACK, parsed.port or 0


def _through(url: str, port: int) -> str:
    """The URL with a proxy's address in the place of the server's."""
    parsed = make_url(url).set(host=LOOPBACK, port=port)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(query={"sslmode": "disable", "gssencmode": "disable"})
    return parsed.render_as_string(hide_password=False)
