"""A service to talk to, and a way to run a command as a shell would."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from orchestrator.cli.root import run
from orchestrator.llm import records
from tests.unit.orchestrator.cli.service import Service, serving


class Result(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Toolchord = Callable[..., Result]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Service]:
    """The service that commands find by TOOLCHORD_API_URL."""
    service = Service()
    with serving(service) as url:
        monkeypatch.setenv("TOOLCHORD_API_URL", url)
        monkeypatch.setenv("TOOLCHORD_DATA_DIR", str(tmp_path))
        yield service


@pytest.fixture
def toolchord(capsys: pytest.CaptureFixture[str]) -> Generator[Toolchord]:
    """Runs `toolchord` with these arguments."""

    def invoke(*arguments: str) -> Result:
        code = run(list(arguments))
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    yield invoke
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer has set must not decide a test."""
    of_models = [variable.name for variable in records.variables()]
    for variable in ("DATABASE_URL", "REDIS_URL", "TOOLCHORD_API_URL", "TOOLCHORD_DATA_DIR", *of_models):
        monkeypatch.delenv(variable, raising=False)
