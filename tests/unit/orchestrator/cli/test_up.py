"""`toolchord up`, with a stack of no processes."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.cli import up
from orchestrator.cli.errors import ExitCode
from orchestrator.processes.errors import ProcessDiedError
from orchestrator.settings import Settings
from tests.unit.orchestrator.cli.conftest import Toolchord
from tests.unit.orchestrator.cli.stack import IdleStack

Asked = tuple[str, bool, str, int | None]


def _ending_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: BaseException, asked: list[Asked] | None = None) -> list[IdleStack]:
    """The stacks that are made; each is watched until this happens. What it was asked for is noted."""
    made: list[IdleStack] = []
    asked = [] if asked is None else asked

    def make(settings: Settings, environ: Mapping[str, str], *, fresh: bool, host: str, port: int | None) -> IdleStack:
        made.append(IdleStack(settings, watch=end))
        asked.append((environ["TOOLCHORD_DATA_DIR"], fresh, host, port))
        return made[0]

    monkeypatch.setenv("TOOLCHORD_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(up, "Stack", make)
    return made


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(143)])
def test_it_runs_until_it_is_asked_to_end_and_that_is_no_failure(
    toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: BaseException
) -> None:
    """By Ctrl-C or by SIGTERM; everything is stopped then."""
    made = _ending_by(monkeypatch, tmp_path, end)

    assert toolchord("up").code == ExitCode.OK
    assert made[0].did == ["enter", "ready", "watch", "exit"]


def test_it_tells_where_everything_is(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And gives lines to copy, of which one is for any shell."""
    made = _ending_by(monkeypatch, tmp_path, KeyboardInterrupt())

    out = toolchord("up").out

    user, password = made[0].flower_auth
    for part in (
        f"{made[0].api_url}/docs",
        f"{made[0].flower_url}  user {user}, password {password}",
        str(tmp_path / "logs"),
        "scripted model, not a language model  http://127.0.0.1:40001\n",
        f"export TOOLCHORD_API_URL={made[0].api_url}\n",
    ):
        assert part in out
    curl = shlex.split(out.splitlines()[-1])
    assert curl[:3] == ["curl", "-sS", f"{made[0].api_url}/v1/runs"]
    assert json.loads(curl[-1])["tools"] == "all"


def test_the_default_model_and_all_that_can_be_asked_are_told(
    toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With where the model is asked, and no secret of the address."""
    _ending_by(monkeypatch, tmp_path, KeyboardInterrupt())
    monkeypatch.setenv("TOOLCHORD_MODEL", "vllm/qwen3")
    monkeypatch.setenv("VLLM_BASE_URL", "http://me:hush@host.test/v1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://other.test/v1")

    result = toolchord("up")

    assert "Model      vllm/qwen3  vLLM at http://me:********@host.test/v1\nProviders  OpenAI, vLLM\n" in result.out
    assert "OpenAI" not in result.err


def test_a_default_model_that_cannot_be_asked_is_told(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Runs that name another one can be answered, so that it is no failure."""
    _ending_by(monkeypatch, tmp_path, KeyboardInterrupt())
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://localhost:11434/v1")

    result = toolchord("up")

    assert result.code == ExitCode.OK
    assert "TOOLCHORD_MODEL is openai/gpt-5-mini, but OpenAI is not set up: set OPENAI_API_KEY" in result.err


def test_an_address_that_is_none_starts_nothing(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is a mistake of its variable."""
    made = _ending_by(monkeypatch, tmp_path, KeyboardInterrupt())
    monkeypatch.setenv("OPENAI_BASE_URL", "not-a-url")

    assert (toolchord("up").code, made) == (ExitCode.USAGE, [])


def test_json_names_the_addresses_and_no_secret(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line, printed when all is ready."""
    made = _ending_by(monkeypatch, tmp_path, KeyboardInterrupt())

    assert json.loads(toolchord("up", "--json").out) == {
        "api_url": made[0].api_url,
        "flower_url": made[0].flower_url,
        "model_url": made[0].model_url,
        "scripted": True,
    }


def test_a_process_that_dies_too_often_ends_it(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the end of its log."""
    _ending_by(monkeypatch, tmp_path, ProcessDiedError("api", 1, "No such file."))

    result = toolchord("up")

    assert result.code == ExitCode.UNAVAILABLE
    assert "The process api ended with exit code 1. Its last log lines:\nNo such file." in result.err


def test_options_go_to_the_stack(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who lets others in is warned; nobody else is."""
    asked: list[Asked] = []
    _ending_by(monkeypatch, tmp_path, KeyboardInterrupt(), asked)

    plain, open_ = toolchord("up"), toolchord("up", "--fresh", "--host", "0.0.0.0", "--port", "9000")

    assert asked == [(str(tmp_path), False, "127.0.0.1", None), (str(tmp_path), True, "0.0.0.0", 9000)]
    assert "no authentication" not in plain.err
    assert "whoever reaches 0.0.0.0 can use it" in open_.err
