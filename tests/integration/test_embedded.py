"""Real embedded servers: what they keep, what they refuse, and that nothing of them stays behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from redis.exceptions import AuthenticationError
from sqlalchemy import make_url

from orchestrator.embedded import EmbeddedServers
from orchestrator.processes.errors import FolderInUseError, ProcessDiedError
from tasks.broker import connect

_REDIS_ONLY = {"DATABASE_URL": "postgresql://given/"}
_POSTGRES_ONLY = {"REDIS_URL": "redis://given/"}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Not there yet, as for a first start."""
    return tmp_path / "data"


def test_postgres_is_one_that_production_would_use(data_dir: Path) -> None:
    """Version 18, connections for every process, UTC, and commits that survive a crash."""
    with EmbeddedServers(data_dir, _POSTGRES_ONLY) as servers, psycopg.connect(servers.database_url) as connection:
        names = ("server_encoding", "max_connections", "timezone", "fsync", "listen_addresses")
        settings = {name: connection.info.parameter_status(name) or _setting(connection, name) for name in names}

        assert connection.info.server_version >= 180_000
        assert settings == {
            "server_encoding": "UTF8",
            "max_connections": "200",
            "timezone": "UTC",
            "fsync": "on",
            "listen_addresses": "",
        }


def test_redis_is_one_that_production_would_use(data_dir: Path) -> None:
    """It writes what it is told and never drops a key to make room."""
    with EmbeddedServers(data_dir, _REDIS_ONLY) as servers, closing(connect(servers.redis_url)) as client:
        expected = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
        settings = client.config_get()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed

        assert expected.items() <= settings.items()


def test_redis_answers_nobody_without_the_password(data_dir: Path) -> None:
    """Every user of the machine reaches a loopback port."""
    with EmbeddedServers(data_dir, _REDIS_ONLY) as servers:
        port = make_url(servers.redis_url).port
        with closing(connect(f"redis://127.0.0.1:{port}/0")) as client, pytest.raises(AuthenticationError):
            client.get("key")


def test_the_password_of_redis_is_on_no_command_line_and_in_no_file_of_others(data_dir: Path) -> None:
    """Everyone on the machine sees command lines, and files that are open to all."""
    with EmbeddedServers(data_dir, _REDIS_ONLY) as servers:
        password = make_url(servers.redis_url).password
        assert isinstance(password, str)
        commands = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline"))

        assert password.encode() not in commands
        assert (data_dir / "redis" / "redis.conf").stat().st_mode & 0o077 == 0


def test_data_is_there_after_a_second_start(data_dir: Path) -> None:
    """The demo's runs can be looked at later."""
    _write(data_dir)

    assert _read(data_dir) == ("kept", "kept")


def test_fresh_forgets_the_data(data_dir: Path) -> None:
    """As if it were the first start."""
    _write(data_dir)

    assert _read(data_dir, fresh=True) == (None, None)


def test_what_the_environment_names_is_not_started(data_dir: Path) -> None:
    """Nor is a folder made for it."""
    with EmbeddedServers(data_dir, {**_REDIS_ONLY, **_POSTGRES_ONLY}) as servers:
        assert (servers.database_url, servers.redis_url) == ("postgresql://given/", "redis://given/")
        assert servers.supervisor.children == ()
    assert not data_dir.exists()


@pytest.mark.parametrize(("environ", "started"), [(_POSTGRES_ONLY, "postgres"), (_REDIS_ONLY, "redis")])
def test_only_the_server_that_the_environment_does_not_name_is_started(data_dir: Path, environ: dict[str, str], started: str) -> None:
    """Each is decided for itself; an empty variable names nothing."""
    with EmbeddedServers(data_dir, {"DATABASE_URL": "", "REDIS_URL": "", **environ}) as servers:
        assert [child.spec.name for child in servers.supervisor.children] == [started]


def test_nothing_stays_behind(data_dir: Path) -> None:
    """No process, and nothing in the temporary folder; a user's own folders keep their rights."""
    before = set(Path(tempfile.gettempdir()).iterdir())
    rights = data_dir.parent.stat().st_mode
    with EmbeddedServers(data_dir, {}):
        at_work = _processes_of(data_dir)
    left = {path.name for path in set(Path(tempfile.gettempdir()).iterdir()) - before}

    assert len(at_work) >= 2
    assert _processes_of(data_dir) == []
    assert not [name for name in left if "toolchord" in name or "PostgresServer" in name or name == ".lockfile"]
    assert data_dir.parent.stat().st_mode == rights


def test_a_path_too_long_for_a_socket_works(data_dir: Path) -> None:
    """The socket is then in a temporary folder, which goes with the server."""
    long_dir = data_dir / ("long" * 30)
    with EmbeddedServers(long_dir, _POSTGRES_ONLY) as servers, psycopg.connect(servers.database_url):
        folder = Path(str(make_url(servers.database_url).query["host"]))

        assert folder.parent == Path(tempfile.gettempdir())
    assert not folder.exists()


def test_a_path_with_odd_signs_works(tmp_path: Path) -> None:
    """Blanks, commas, quotes and percent signs mean something to Postgres or to a URL."""
    data_dir = tmp_path / """a b,c"d%20é'"""
    _write(data_dir)

    assert _read(data_dir) == ("kept", "kept")


def test_a_folder_in_use_is_refused_with_the_pid_of_its_user(data_dir: Path) -> None:
    """Two servers on the same data would spoil it."""
    with (
        EmbeddedServers(data_dir, _REDIS_ONLY),
        pytest.raises(FolderInUseError, match=f"process {os.getpid()}"),
        EmbeddedServers(data_dir, _REDIS_ONLY),
    ):
        pass


def test_servers_end_with_a_killed_run_and_the_next_start_finds_all_data(data_dir: Path) -> None:
    """SIGKILL leaves a run no time to stop anything."""
    _write(data_dir)
    with _run_elsewhere(data_dir) as run:
        assert len(_processes_of(data_dir)) >= 2
        run.kill()

    assert _read(data_dir) == ("kept", "kept")
    assert _processes_of(data_dir) == []


def test_the_next_start_ends_servers_that_outlived_a_killed_run(data_dir: Path) -> None:
    """As where the kernel does not tell them of their parent's end."""
    _write(data_dir)
    with _run_elsewhere(data_dir, "import orchestrator.processes.child as c; c.dying_with_parent = lambda by: ()") as run:
        outliving = _processes_of(data_dir)
        run.kill()
        run.wait()
        assert _processes_of(data_dir) == outliving

    assert _read(data_dir) == ("kept", "kept")
    assert _processes_of(data_dir) == []


def test_servers_that_were_killed_are_mended_at_their_old_addresses(data_dir: Path) -> None:
    """The processes that use them need not be told."""
    with EmbeddedServers(data_dir, {}) as servers:
        for child in servers.supervisor.children:
            assert child.pid
            os.kill(child.pid, signal.SIGKILL)
        _until(lambda: not any(child.running for child in servers.supervisor.children))
        _until(lambda: servers.supervisor.mend() or _answer(servers))


def test_a_half_made_cluster_is_made_again(data_dir: Path) -> None:
    """A first start may be interrupted at any point."""
    half = data_dir / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with EmbeddedServers(data_dir, _POSTGRES_ONLY) as servers, psycopg.connect(servers.database_url):
        assert not half.exists()


def test_data_of_another_version_is_refused_with_the_words_of_postgres(data_dir: Path) -> None:
    """The last log lines say what is wrong, and nothing stays at work."""
    _write(data_dir)
    (data_dir / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(ProcessDiedError, match="incompatible"), EmbeddedServers(data_dir, {}):
        pass
    assert _processes_of(data_dir) == []


def _write(data_dir: Path) -> None:
    with EmbeddedServers(data_dir, {}) as servers:
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'kept' AS value")
        with closing(connect(servers.redis_url)) as client:
            client.set("value", "kept")


def _read(data_dir: Path, *, fresh: bool = False) -> tuple[object, object]:
    with EmbeddedServers(data_dir, {}, fresh=fresh) as servers:
        with psycopg.connect(servers.database_url) as connection:
            found = connection.execute("SELECT to_regclass('kept')").fetchone()
            row = connection.execute("SELECT value FROM kept").fetchone() if found != (None,) else None
        with closing(connect(servers.redis_url)) as client:
            return row and row[0], client.get("value")


def _setting(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert row
    return str(row[0])


def _answer(servers: EmbeddedServers) -> bool:
    try:
        psycopg.connect(servers.database_url).close()
    except psycopg.OperationalError:
        return False
    with closing(connect(servers.redis_url)) as client:
        return client.set("value", "again") is True


def _run_elsewhere(data_dir: Path, prelude: str = "") -> "subprocess.Popen[str]":
    """A process that has the servers of this folder running."""
    script = f"""
import time
from pathlib import Path
from orchestrator.embedded import EmbeddedServers
{prelude}
with EmbeddedServers(Path({str(data_dir)!r}), {{}}):
    print("ready", flush=True)
    time.sleep(60)
"""
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert run.stdout
    assert run.stdout.readline() == "ready\n"
    return run


def _processes_of(data_dir: Path) -> list[int]:
    """Processes that work in a folder of the data."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            at_work = (process / "cwd").readlink().is_relative_to(data_dir.resolve())
        except OSError:
            continue
        if at_work:
            found.append(int(process.name))
    return sorted(found)


def _until(condition: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up_at, "waited too long"
        time.sleep(0.01)
