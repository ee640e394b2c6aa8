"""The local stack, as a command starts and stops it."""

from pathlib import Path

import pytest

from orchestrator.cli import local
from orchestrator.cli.endpoint import LocalStack
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.processes.errors import FolderInUseError, NotReadyError
from orchestrator.settings import Settings
from tests.unit.orchestrator.cli.stack import IdleStack


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With a data folder that is nobody's."""
    return Settings(data_dir=tmp_path)


def test_a_stack_is_found_while_it_runs_and_stopped_after(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Both are told on standard error."""
    stack = IdleStack(settings)

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
    stack = IdleStack(settings, enter, ready)

    with pytest.raises(CommandError) as raised, local.running(stack, settings):
        pass

    assert (raised.value.code, stack.did) == (ExitCode.UNAVAILABLE, did)
    assert str(raised.value) == f"The local stack cannot run. {said}"
    assert LocalStack.of(settings.data_dir) is None


def test_what_happens_while_it_runs_is_no_fault_of_the_stack(settings: Settings) -> None:
    """A pipe that was closed is one."""
    stack = IdleStack(settings)

    with pytest.raises(BrokenPipeError), local.running(stack, settings):
        raise BrokenPipeError

    assert stack.did == ["enter", "ready", "exit"]
