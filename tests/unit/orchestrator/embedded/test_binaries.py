"""Where the servers' programs are found."""

from pathlib import Path

import pytest

from orchestrator.embedded import binaries
from orchestrator.processes.errors import ServerUnavailableError


@pytest.fixture(autouse=True)
def no_wheels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither wheel is installed, and the PATH is a folder of the test."""
    monkeypatch.setattr(binaries, "_POSTGRES_WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "_REDIS_WHEEL", "no_such_wheel")
    monkeypatch.setenv("PATH", str(tmp_path))


def _install(folder: Path, program: str) -> Path:
    path = folder / program
    path.touch(mode=0o755)
    return path


@pytest.mark.parametrize("program", ["redis-server", "valkey-server"])
def test_a_server_on_the_path_serves_where_there_is_no_wheel(tmp_path: Path, program: str) -> None:
    """Redis or Valkey, whichever the machine has."""
    installed = _install(tmp_path, program)

    assert binaries.redis_program() == installed


def test_postgres_on_the_path_is_found_behind_its_link(tmp_path: Path) -> None:
    """Systems link `postgres` into the PATH; `initdb` is where the link leads."""
    (tmp_path / "real").mkdir()
    installed = _install(tmp_path / "real", "postgres")
    (tmp_path / "postgres").symlink_to(installed)

    assert binaries.postgres_programs() == tmp_path / "real"


def test_a_missing_postgres_is_told_with_what_to_do() -> None:
    """The message names the variable and the install line."""
    with pytest.raises(ServerUnavailableError, match=r"DATABASE_URL.*pip install 'toolchord\[embedded\]'"):
        binaries.postgres_programs()


def test_a_missing_redis_is_told_with_what_to_do() -> None:
    """The message names the variable and the install line."""
    with pytest.raises(ServerUnavailableError, match=r"REDIS_URL.*pip install 'toolchord\[embedded\]'"):
        binaries.redis_program()
