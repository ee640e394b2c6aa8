"""A Toolchord whose processes are killed, and started again as a supervisor would."""

import os
import signal
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest
from httpx2 import HTTPError
from redis import Redis

from orchestrator.processes.errors import ProcessDiedError, ServerUnavailableError
from orchestrator.processes.supervisor import RestartPolicy
from orchestrator.schemas.run import RunObject
from orchestrator.settings import Settings
from orchestrator.stack import Stack
from orchestrator.store.runs import OPEN
from tasks import failpoints
from tasks.app import make_app
from tasks.broker import connect
from tasks.names import DEFAULT_QUEUE, IO_QUEUE, TURNS_QUEUE
from tests.acceptance import checks, ledger
from tests.acceptance.conftest import ROOT, clean_environ
from tests.acceptance.local import Local
from tests.acceptance.waiting import until

#: Far beyond every bound that is promised, for machines that do much else.
PATIENCE_S = 90.0

#: Properties that a test records of a recovery: its seconds, and the process that was killed.
RECOVERY, VICTIM = "recovery_s", "victim"

#: What is killed on purpose, again and again, is started again each time.
_RESTARTS = RestartPolicy(backoff_s=0.5, max_backoff_s=0.5, deaths=10_000)


class Faulty(Local):
    """A running Toolchord that is mended while one waits for it."""

    @property
    def redis(self) -> Redis:
        return connect(self.stack.redis_url)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Kills a process of the stack with all its children, as a host that vanishes does."""
        pid = next(process.pid for process in self.stack.processes if process.name == name)
        os.killpg(pid, number)

    def arm(self, failpoint: str, passes: int = 0) -> None:
        """Lets the next process die that reaches the failpoint, after so many passes."""
        (self.failpoints / failpoint).write_text(str(passes))

    def is_armed(self, failpoint: str) -> bool:
        """Whether nothing has died of it yet."""
        return (self.failpoints / failpoint).exists()

    @property
    def failpoints(self) -> Path:
        """The folder of the armed failpoints."""
        return self._ledger.with_name("failpoints")

    @property
    def data(self) -> Path:
        """The folder of the stack's data."""
        return self._logs.parent

    def whole(self) -> None:
        """Waits until every process runs."""
        self.until(self._runs)

    def redeliver(self) -> int:
        """Puts back every message that is not acknowledged, as the visibility timeout would. How many there were."""
        with closing(make_app("test", self.stack.redis_url)) as app, app.connection_for_write() as connection, self.redis as redis:
            channel = cast("Any", connection.default_channel)
            tags = redis.hkeys("unacked")
            for tag in tags:
                channel.qos.restore_by_tag(tag)
            return len(tags)

    def quiet(self) -> None:
        """Waits until every process runs and every message is acknowledged. Where its process died, it is delivered again."""
        self.whole()
        self.redeliver()
        self.until(self.is_idle)

    def is_idle(self) -> bool:
        """Whether no message waits, and none is worked on."""
        with self.redis as redis:
            return not redis.hlen("unacked") and not any(redis.llen(queue) for queue in (TURNS_QUEUE, IO_QUEUE, DEFAULT_QUEUE))

    def _runs(self) -> bool:
        try:
            self.stack.check()
            return self.api.get("/readyz").is_success
        except (ProcessDiedError, HTTPError):
            return False

    def pids(self, *names: str) -> dict[str, int]:
        """The processes of the stack that have these names; all when none is given."""
        return {process.name: process.pid for process in self.stack.processes if process.name in names or not names}

    def until(self, found: Callable[[], bool]) -> None:
        """Waits until something is so, while what died is started again."""

        def holds() -> bool | None:
            with suppress(HTTPError):  # While the API is down it tells nothing.
                return found() or None
            return None

        until(holds, self.stack.mend, PATIENCE_S)

    def began(self, run_id: str, count: int) -> None:
        """Waits until so many executions of the run's tools have begun."""
        self.until(lambda: len(self.executions(run_id)) >= count)

    def ended(self, run_id: str) -> RunObject:
        """The run after its end, with everything checked that holds for every run."""
        self.until(lambda: self.read(run_id).status not in OPEN)
        run = self.read(run_id)
        checks.assert_answered_in_order(run)
        checks.assert_fenced(run, self.executions(run_id))
        return run


@contextmanager
def toolchord(folder: Path, code: Path = ROOT, **variables: str) -> Generator[Faulty]:
    """A running Toolchord with its data in the folder, its code there, and these variables beside others. It is for the
    thread that enters it."""
    ledger_file = folder / "ledger"
    ledger_file.touch()
    (folder / "failpoints").mkdir()
    environ = {
        **clean_environ(),
        "PYTHONPATH": f"{code}{os.pathsep}{ROOT}",
        failpoints.VARIABLE: str(folder / "failpoints"),
        "TOOLCHORD_TOOLS": "tests.acceptance.tools,tests.faults.tools,tests.faults.stopping_tools",
        ledger.VARIABLE: str(ledger_file),
        **variables,
    }
    settings = Settings.model_construct(data_dir=folder / "data")
    try:
        with Stack(settings, environ, restarts=_RESTARTS) as stack:
            stack.wait_ready()
            with closing(Faulty(stack, ledger_file, folder / "data" / "logs")) as client:
                yield client
    except ServerUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Generator[Faulty]:
    """A running Toolchord of the module's own, since its processes do not stay as they are."""
    with toolchord(tmp_path_factory.mktemp("faults")) as client:
        yield client


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints how long each recovery took, where tests have measured it."""
    reports = [report for report in terminalreporter.getreports("passed") if isinstance(report, pytest.TestReport)]
    measured = [report for report in reports if RECOVERY in dict(report.user_properties)]
    if measured:
        terminalreporter.section("seconds from the kill to the end of the run")
    for report in measured:
        told = dict(report.user_properties)
        terminalreporter.write_line(f"{told[RECOVERY]:>6}  {told[VICTIM]:<15}  {report.nodeid.partition('[')[2].rstrip(']')}")
