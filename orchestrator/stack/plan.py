"""The processes of a local Toolchord, by the command lines that also run them on hosts of their own."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.processes.child import ProcessSpec
from orchestrator.processes.ports import LOOPBACK
from orchestrator.stack.environs import Environ, for_api, for_coordinator, for_tools, reaching_loopback
from tasks.names import DEFAULT_QUEUE, IO_QUEUE, TURNS_QUEUE

_PYTHON = sys.executable
_CELERY = (_PYTHON, "-m", "celery")
#: One host has no neighbours to greet; greeting takes a second at each start.
_ALONE = ("--without-gossip", "--without-mingle")
_API_GRACE_S = 5
#: What runs on a machine of one's own is not waited for as long as it is in production: Ctrl-C ends it soon.
_STOP_GRACE_S = 3.0
_STOP_GRACE = "TOOLCHORD_STOP_GRACE_S"
#: A worker gives the rest back and ends within this time after its grace.
_GIVING_BACK_S = 10.0
#: The model and the API are asked until the workers and the coordinator are gone.
_ASKING, _ASKED = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the processes of one stack have in common."""

    #: Of the whole stack, with the URLs of its servers and its model; each process is given a part of it.
    environ: Mapping[str, str]
    #: The log file of a process.
    log: Callable[[str], Path]
    #: The address that the API listens on.
    host: str = LOOPBACK
    api_port: int
    flower_port: int
    #: User and password, joined by a colon.
    flower_auth: str
    #: Where the scripted model listens; None when a real one is asked.
    model_port: int | None
    #: How long the API goes on serving after it is told to stop.
    drain_s: float = 0.0

    @property
    def stop_grace_s(self) -> float:
        """What the workers and the coordinator give to what they run."""
        return float(self.environ.get(_STOP_GRACE) or _STOP_GRACE_S)


def without_database(plan: Plan) -> tuple[ProcessSpec, ...]:
    """What can start before the database has its schema."""
    model = () if plan.model_port is None else (_model(plan, plan.model_port),)
    return (*model, _io_worker(plan), _default_worker(plan), _flower(plan))


def with_database(plan: Plan) -> tuple[ProcessSpec, ...]:
    """What starts when the schema is there."""
    return (_api(plan), _coordinator(plan), _watcher(plan))


def migrations(plan: Plan) -> ProcessSpec:
    """Brings the schema up to date and ends."""
    return _spec(plan, "migrations", "schema", (_PYTHON, "-m", "orchestrator.cli", "db", "upgrade"), for_api(plan.environ))


def _model(plan: Plan, port: int) -> ProcessSpec:
    command = (_PYTHON, "-m", "orchestrator.llm.scripted", "--host", LOOPBACK, "--port", str(port))
    return _spec(plan, "model", "scripted model", command, for_tools(plan.environ), stop_stage=_ASKED)


def _api(plan: Plan) -> ProcessSpec:
    address = ("--host", plan.host, "--port", str(plan.api_port))
    command = (_PYTHON, "-m", "uvicorn", "orchestrator.app:app", *address, "--timeout-graceful-shutdown", str(_API_GRACE_S))
    return _spec(plan, "api", "API", command, for_api(plan.environ), stop_stage=_ASKED, grace_s=plan.drain_s + _API_GRACE_S + 2)


def _coordinator(plan: Plan) -> ProcessSpec:
    environ = reaching_loopback(for_coordinator(plan.environ))
    return _consumer(plan, "coordinator", "coordinator", ("orchestrator.coordinator", TURNS_QUEUE, "threads", 16), environ)


def _watcher(plan: Plan) -> ProcessSpec:
    return _spec(plan, "watcher", "watcher", (_PYTHON, "-m", "orchestrator.cli", "watcher"), for_api(plan.environ))


def _io_worker(plan: Plan) -> ProcessSpec:
    return _consumer(plan, "worker-io", "tool worker", ("workers.app", IO_QUEUE, "threads", 64), for_tools(plan.environ))


def _default_worker(plan: Plan) -> ProcessSpec:
    return _consumer(plan, "worker-default", "tool worker", ("workers.app", DEFAULT_QUEUE, "prefork", 4), for_tools(plan.environ))


def _flower(plan: Plan) -> ProcessSpec:
    address = (f"--address={LOOPBACK}", f"--port={plan.flower_port}")
    command = (*_CELERY, "-A", "workers.app", "flower", *address, "--read_only=True")
    # Not on the command line, which everyone on the machine sees.
    secret = {"FLOWER_BASIC_AUTH": plan.flower_auth}
    return _spec(plan, "flower", "dashboard", command, for_tools(plan.environ) | secret)


def _consumer(plan: Plan, name: str, role: str, worker: tuple[str, str, str, int], environ: Environ) -> ProcessSpec:
    """A Celery worker: its app, queue, pool and concurrency."""
    app, queue, pool, concurrency = worker
    command = (*_CELERY, "-A", app, "worker", "-Q", queue, "-P", pool, "-c", str(concurrency), "-n", f"{queue}@%h", *_ALONE)
    grace = {_STOP_GRACE: f"{plan.stop_grace_s:g}"}
    return _spec(plan, name, role, command, environ | grace, grace_s=plan.stop_grace_s + _GIVING_BACK_S)


def _spec(
    plan: Plan, name: str, role: str, command: tuple[str, ...], environ: Environ, *, stop_stage: int = _ASKING, grace_s: float = 5.0
) -> ProcessSpec:
    return ProcessSpec(name=name, role=role, command=command, environ=environ, log=plan.log(name), stop_stage=stop_stage, grace_s=grace_s)
