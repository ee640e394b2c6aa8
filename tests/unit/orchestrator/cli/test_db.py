"""`toolchord db`."""

import pytest

from orchestrator.cli.errors import ExitCode
from tests.unit.orchestrator.cli.conftest import Toolchord


@pytest.mark.parametrize("word", ["upgrade", "check"])
def test_a_database_that_is_not_named_is_a_mistake(toolchord: Toolchord, word: str) -> None:
    """The sentence has an example."""
    result = toolchord("db", word)

    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert result.err.startswith("error: DATABASE_URL is not set. Set it, for example DATABASE_URL=postgresql://")


@pytest.mark.parametrize("word", ["upgrade", "check"])
def test_a_database_that_is_not_there_is_unavailable(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """One line, with the reason and without the password."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hush@127.0.0.1:1/name")

    result = toolchord("db", word)

    assert (result.code, result.out) == (ExitCode.UNAVAILABLE, "")
    assert result.err.startswith("error: Postgres cannot be reached by DATABASE_URL: ")
    assert result.err.count("\n") == 1
    assert "hush" not in result.err
