"""The stack with stand-ins for its processes: what it waits for, what it mends and that it leaves nothing."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.llm import records
from orchestrator.processes.child import ProcessSpec
from orchestrator.processes.errors import FolderInUseError, NotReadyError, ProcessDiedError, StackError
from orchestrator.processes.ports import free_port
from orchestrator.settings import Settings
from orchestrator.stack import Stack, plan
from tasks.broker import connect
from tasks.messages import Announcement, ToolSpec
from tasks.names import DEFAULT_QUEUE, IO_QUEUE, TURNS_QUEUE
from tasks.presence import Presence

_SLEEP = "import time; time.sleep(60)"
_API = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"data": [{"name": "get_weather"}]}).encode())
http.server.HTTPServer(("127.0.0.1", {port}), Handler).serve_forever()
"""


class StandIns:
    """Small scripts in the places of the processes that touch the database; the others are left out."""

    def __init__(self) -> None:
        self.api = _API
        self.watcher = _SLEEP
        self.migrations = ""

    def with_database(self, outline: plan.Plan) -> tuple[ProcessSpec, ...]:
        api = self.api.replace("{port}", str(outline.api_port))
        return (_script(outline, "api", api), _script(outline, "watcher", self.watcher))

    def migrations_spec(self, outline: plan.Plan) -> ProcessSpec:
        return _script(outline, "migrations", self.migrations)


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> StandIns:
    """Scripts that behave well until the test says otherwise."""
    stand_ins = StandIns()

    def without_database(_: plan.Plan) -> tuple[ProcessSpec, ...]:
        return ()

    monkeypatch.setattr(plan, "without_database", without_database)
    monkeypatch.setattr(plan, "with_database", stand_ins.with_database)
    monkeypatch.setattr(plan, "migrations", stand_ins.migrations_spec)
    return stand_ins


@pytest.fixture
def settings(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Servers are given, for the embedded ones have tests of their own; no model is."""
    for variable in [each.name for each in records.variables()]:
        monkeypatch.delenv(variable, raising=False)
    return Settings.model_validate({"DATABASE_URL": "postgresql://unused/", "REDIS_URL": redis_url, "data_dir": tmp_path / "data"})


@pytest.fixture
def announce(redis_url: str) -> Callable[..., None]:
    """Says in a worker's place that it is there."""

    def announce(*queues: str) -> None:
        with closing(connect(redis_url)) as redis:
            for queue in queues:
                Presence(redis).announce(_announcement(queue))

    return announce


@pytest.mark.usefixtures("stand_ins")
def test_it_is_ready_when_the_api_lists_the_tools_of_both_pools(settings: Settings, announce: Callable[..., None]) -> None:
    """Then a question can be answered; afterwards no process is left."""
    with Stack(settings, os.environ) as stack:
        announce(TURNS_QUEUE, IO_QUEUE, DEFAULT_QUEUE)
        stack.wait_ready()
        processes = stack.processes
        stack.stop()
        stack.stop()

    assert [process.name for process in processes] == ["api", "watcher"]
    assert not any(_alive(process.pid) for process in processes)


@pytest.mark.usefixtures("stand_ins")
def test_a_pool_that_does_not_come_is_named(settings: Settings, announce: Callable[..., None]) -> None:
    """The reader knows which log to open."""
    with Stack(settings, os.environ) as stack:
        announce(TURNS_QUEUE, IO_QUEUE)
        with pytest.raises(NotReadyError, match="workers of the queues default"):
            stack.wait_ready(timeout_s=0.2)


@pytest.mark.usefixtures("stand_ins")
def test_workers_of_an_earlier_run_do_not_count(settings: Settings, announce: Callable[..., None]) -> None:
    """A killed worker's announcement outlives it for a while."""
    announce(TURNS_QUEUE, IO_QUEUE, DEFAULT_QUEUE)

    with Stack(settings, os.environ) as stack, pytest.raises(NotReadyError, match="workers of the queues default, io"):
        stack.wait_ready(timeout_s=0.2)


def test_tools_that_the_api_does_not_list_are_named(settings: Settings, announce: Callable[..., None], stand_ins: StandIns) -> None:
    """A run that asked for them would be refused."""
    stand_ins.api = _API.replace("get_weather", "get_news")
    with Stack(settings, os.environ) as stack:
        announce(TURNS_QUEUE, IO_QUEUE, DEFAULT_QUEUE)
        with pytest.raises(NotReadyError, match="the tools get_weather"):
            stack.wait_ready(timeout_s=2)


def test_a_process_that_dies_before_all_is_ready_ends_the_wait(settings: Settings, stand_ins: StandIns) -> None:
    """With its name and last words, and without restarts: it would die again."""
    stand_ins.watcher = "raise SystemExit('no such tool')"

    with Stack(settings, os.environ) as stack, pytest.raises(ProcessDiedError, match=r"watcher ended.*\n.*no such tool"):
        stack.wait_ready()


def test_migrations_that_fail_end_the_start(settings: Settings, stand_ins: StandIns) -> None:
    """No process works on a schema that it does not know."""
    stand_ins.migrations = "raise SystemExit('no such table')"

    with pytest.raises(ProcessDiedError, match=r"migrations ended.*\n.*no such table"), Stack(settings, os.environ):
        pass


@pytest.mark.usefixtures("stand_ins")
def test_a_second_stack_on_the_same_folder_is_refused(settings: Settings) -> None:
    """Its logs and data would be mixed with the first one's."""
    with (
        Stack(settings, os.environ),
        pytest.raises(FolderInUseError, match=f"process {os.getpid()}"),
        Stack(settings, os.environ),
    ):
        pass


@pytest.mark.usefixtures("stand_ins")
def test_watch_restarts_what_was_killed_until_a_signal_ends_it(settings: Settings) -> None:
    """`toolchord up` stays up, and a SIGTERM ends it as Ctrl-C does."""
    with Stack(settings, os.environ) as stack:
        first = _pid_of(stack, "watcher")

        def kill_and_end() -> None:
            os.kill(first, signal.SIGKILL)
            _until(lambda: _pid_of(stack, "watcher") != first)
            os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=kill_and_end)
        thread.start()
        with pytest.raises(SystemExit):
            stack.watch()
        thread.join()

        assert all(_alive(process.pid) for process in stack.processes)


@pytest.mark.usefixtures("stand_ins")
def test_the_scripted_model_answers_where_no_other_is_named(settings: Settings) -> None:
    """No key, no network."""
    with Stack(settings, os.environ) as stack:
        assert str(stack.model_url).startswith("http://127.0.0.1:")


@pytest.mark.usefixtures("stand_ins")
def test_a_port_that_is_asked_for_is_taken_or_refused(settings: Settings) -> None:
    """Who names a port wants no other."""
    port = free_port()
    with Stack(settings, os.environ, port=port) as stack:
        assert stack.api_url == f"http://127.0.0.1:{port}"

        with pytest.raises(StackError, match=str(port)), Stack(_beside(settings), os.environ, port=port):
            pass


@pytest.mark.parametrize(
    ("named", "url"),
    [({"OPENAI_API_KEY": "key"}, None), ({"OPENAI_BASE_URL": "http://host/v1"}, "http://host/v1")],
)
def test_a_model_that_is_named_is_asked(settings: Settings, named: dict[str, str], url: str | None) -> None:
    """By its key, or by its address as for a model server without keys."""
    given = {"DATABASE_URL": "postgresql://unused/", "REDIS_URL": "redis://unused/", "data_dir": settings.data_dir}
    stack = Stack(Settings.model_validate(given), named)

    assert (stack.model_url, stack.scripted) == (url, False)


def _beside(settings: Settings) -> Settings:
    return settings.model_copy(update={"data_dir": settings.data_dir / "beside"})


def _script(outline: plan.Plan, name: str, script: str) -> ProcessSpec:
    return ProcessSpec(name=name, role="test", command=(sys.executable, "-c", script), environ={}, log=outline.log(name))


def _announcement(queue: str) -> Announcement:
    tool = ToolSpec(
        name="get_weather",
        description="",
        parameters={},
        queue=queue,
        timeout_s=1,
        idempotent=True,
        retries=0,
        max_result_bytes=1,
        schema_hash="hash",
    )
    return Announcement(worker_id=queue, worker=f"{queue}@host", queues=(queue,), tools=(tool,))


def _pid_of(stack: Stack, name: str) -> int:
    return next(process.pid for process in stack.processes if process.name == name)


def _until(condition: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up_at, "waited too long"
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
