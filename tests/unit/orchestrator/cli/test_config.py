"""`toolchord config check`."""

import json

import pytest

from orchestrator.cli.errors import ExitCode
from orchestrator.llm import records
from orchestrator.settings import Settings
from tests.unit.orchestrator.cli.conftest import Toolchord


def _settings(toolchord: Toolchord) -> dict[str, dict[str, str]]:
    return {setting["variable"]: setting for setting in json.loads(toolchord("config", "check", "--json").out)["settings"]}


def test_every_setting_is_shown_with_its_value_and_its_source(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of its variable."""
    monkeypatch.setenv("TOOLCHORD_MODEL", "other")
    settings = _settings(toolchord)

    assert len(settings) == len(Settings.model_fields) + len(records.variables())
    assert settings["TOOLCHORD_MODEL"] == {"variable": "TOOLCHORD_MODEL", "value": "other", "source": "environment"}
    assert settings["TOOLCHORD_MAX_TURNS"] == {"variable": "TOOLCHORD_MAX_TURNS", "value": "10", "source": "default"}
    assert settings["DATABASE_URL"] == {"variable": "DATABASE_URL", "value": None, "source": "default"}


@pytest.mark.parametrize(
    ("variable", "secret", "shown"),
    [
        ("DATABASE_URL", "postgresql://me:hush@host:5432/name?sslpassword=hush", "postgresql://me:********@host:5432/name"),
        ("DATABASE_URL", "host=h password=hush", "********"),
        ("REDIS_URL", "redis://:hush@host", "redis://:********@host"),
        ("REDIS_URL", "redis://host:hush/0", "********"),
        ("REDIS_URL", "redis://me@host/1", "redis://me@host/1"),
        ("OPENAI_API_KEY", "sk-hush", "********"),
        ("OLLAMA_BASE_URL", "http://me:hush@host:11434/v1", "http://me:********@host:11434/v1"),
        ("AZURE_OPENAI_ENDPOINT", "https://host.test/?key=hush", "https://host.test/"),
    ],
)
def test_secrets_are_masked(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, variable: str, secret: str, shown: str) -> None:
    """Where a URL goes may be seen, its password and options may not."""
    monkeypatch.setenv(variable, secret)

    assert _settings(toolchord)[variable]["value"] == shown
    assert "hush" not in toolchord("config", "check").out


def test_a_value_that_is_not_valid_is_a_mistake_of_its_variable(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is named; the value is not, for it may be a secret in the wrong place."""
    monkeypatch.setenv("TOOLCHORD_MAX_TURNS", "hush")
    monkeypatch.setenv("TOOLCHORD_DEADLINE_S", "0")

    result = toolchord("config", "check")

    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert "TOOLCHORD_MAX_TURNS: Input should be a valid integer" in result.err
    assert "TOOLCHORD_DEADLINE_S: Input should be greater than 0" in result.err
    assert "hush" not in result.err


def test_a_misspelt_variable_is_told(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be ignored in silence."""
    monkeypatch.setenv("TOOLCHORD_MODLE", "other")
    monkeypatch.setenv("TOOLCHORD_QUITE_ELSE", "other")

    result = toolchord("config", "check")

    assert (result.code, result.err) == (ExitCode.OK, "TOOLCHORD_MODLE is no setting. Did you mean TOOLCHORD_MODEL?\n")


def test_an_address_that_is_none_is_a_mistake_of_its_variable(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a key in the wrong place, and is not shown."""
    monkeypatch.setenv("LLAMACPP_BASE_URL", "hush")

    result = toolchord("config", "check")

    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert result.err == "error: `LLAMACPP_BASE_URL` must begin with http:// or https://.\n"


def test_a_default_model_that_cannot_be_asked_is_told(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run that names no model would be refused. A program reads the same."""
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://localhost:11434/v1")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://host.test")

    result = toolchord("config", "check")

    assert result.code == ExitCode.OK
    assert result.err.startswith("TOOLCHORD_MODEL is openai/gpt-5-mini, but OpenAI is not set up: set OPENAI_API_KEY")
    assert json.loads(toolchord("config", "check", "--json").out)["warnings"] == result.err.splitlines()
