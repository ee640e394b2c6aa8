"""The local stack, as a command starts and stops it."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from orchestrator.cli import local
from orchestrator.cli.endpoint import LocalStack
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.processes.errors import FolderInUseError, NotReadyError
from orchestrator.settings import Settings
from orchestrator.stack import Stack


class _Stack(Stack):
    """Starts nothing, and notes what it was asked."""

    def __init__(self, settings: Settings, enter: Exception | None = None, ready: Exception | None = None) -> None:
        super().__init__(settings, os.environ)
        self.did: list[str] = []
        self._failures = {"enter": enter, "ready": ready}

    def __enter__(self) -> Self:
        self._do("enter")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._do("exit")

    def wait_ready(self, timeout_s: float = 60.0) -> None:  # noqa: ARG002 - the signature of the overridden method
        self._do("ready")

    def _do(self, step: str) -> None:
        self.did.append(step)
        if failure := self._failures.get(step):
            raise failure


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With a data folder that is nobody's."""
    return Settings(data_dir=tmp_path)


def test_a_stack_is_found_while_it_runs_and_stopped_after(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Both are told on standard error."""
    stack = _Stack(settings)

    with local.running(stack, settings) as here:
        assert LocalStack.of(settings.data_dir) == here
        assert (here.api_url, here.scripted) == (stack.api_url, True)
        assert stack.did == ["enter", "ready"]

    assert stack.did == ["enter", "ready", "exit"]
    assert LocalStack.of(settings.data_dir) is None
    assert capsys.readouterr() == ("", "Starting the local stack.\nStopping the local stack.\n")


@pytest.mark.parametrize(
    ("enter", "ready", "did", "said"),
    [
        (FolderInUseError("The folder is in use."), None, ["enter"], "The folder is in use."),
        (PermissionError("no rights"), None, ["enter"], "A process cannot be started: no rights"),
        (None, NotReadyError("Not ready."), ["enter", "ready", "exit"], "Not ready."),
    ],
)
def test_a_stack_that_cannot_run_is_told_and_stopped(
    settings: Settings, enter: Exception | None, ready: Exception | None, did: list[str], said: str
) -> None:
    """Nothing of it is left."""
    stack = _Stack(settings, enter, ready)

    with pytest.raises(CommandError) as raised, local.running(stack, settings):
        pass

    assert (raised.value.code, stack.did) == (ExitCode.UNAVAILABLE, did)
    assert str(raised.value) == f"The local stack cannot run. {said}"
    assert LocalStack.of(settings.data_dir) is None


def test_what_happens_while_it_runs_is_no_fault_of_the_stack(settings: Settings) -> None:
    """A pipe that was closed is one."""
    stack = _Stack(settings)

    with pytest.raises(BrokenPipeError), local.running(stack, settings):
        raise BrokenPipeError

    assert stack.did == ["enter", "ready", "exit"]
