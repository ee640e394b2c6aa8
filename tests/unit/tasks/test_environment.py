"""Settings from variables and from files."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from tasks.environment import SECRETS_VARIABLE, EnvironmentSettings


class _Settings(EnvironmentSettings):
    token: SecretStr = Field(default=SecretStr("none"), validation_alias="SERVICE_TOKEN")
    limit: int = 1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of secrets that the environment names."""
    monkeypatch.setenv(SECRETS_VARIABLE, str(tmp_path))
    return tmp_path


def test_a_secret_is_read_from_its_file(folder: Path) -> None:
    """The file's name is the variable's, and the end of its line is no part of the secret."""
    (folder / "SERVICE_TOKEN").write_text("s3cret\n")
    (folder / "TOOLCHORD_LIMIT").write_text("7")

    settings = _Settings()

    assert settings.token.get_secret_value() == "s3cret"
    assert settings.limit == 7


def test_a_variable_wins_over_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set for one process is meant for it."""
    (folder / "SERVICE_TOKEN").write_text("from a file")
    monkeypatch.setenv("SERVICE_TOKEN", "from a variable")

    assert _Settings().token.get_secret_value() == "from a variable"


def test_without_a_folder_there_are_only_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable counts as not set."""
    monkeypatch.delenv(SECRETS_VARIABLE, raising=False)
    monkeypatch.setenv("TOOLCHORD_LIMIT", "")

    assert _Settings().limit == 1
