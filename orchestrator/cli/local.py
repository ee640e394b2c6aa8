"""The stack on this machine, as a command starts and stops it."""

import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import structlog
from rich.console import RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from orchestrator.cli import output
from orchestrator.cli.endpoint import LocalStack
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.processes.errors import StackError
from orchestrator.settings import Settings
from orchestrator.stack import Stack


@contextmanager
def running(stack: Stack, settings: Settings) -> Generator[LocalStack]:
    """The stack, ready and found by the other commands, while the block runs.

    Raises CommandError when it cannot be started or kept running.
    """
    # What the supervisor logs must not mix with results.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    status = _Status(stack)
    try:
        with ExitStack() as leaving:
            leaving.callback(status.hide)
            status.show("Starting")
            _enter(leaving, stack)
            leaving.callback(status.show, "Stopping")
            stack.wait_ready()
            status.hide()
            yield leaving.enter_context(_name(stack, settings))
    except StackError as error:
        raise CommandError(ExitCode.UNAVAILABLE, f"The local stack cannot run. {error}") from None


def _enter(leaving: ExitStack, stack: Stack) -> None:
    try:
        leaving.enter_context(stack)
    except OSError as error:
        raise StackError(f"A process cannot be started: {error}") from error


@contextmanager
def _name(stack: Stack, settings: Settings) -> Generator[LocalStack]:
    here = LocalStack(api_url=stack.api_url, flower_url=stack.flower_url, model_url=stack.model_url, scripted=stack.scripted)
    with here.named_in(settings.data_dir):
        yield here


class _Status:
    """What the stack is at, in one line that goes away; a plain line for who is no terminal."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._live: Live | None = None
        self._spinner = Spinner("dots")
        self._began = time.monotonic()

    def show(self, doing: str) -> None:
        """Begins a new line."""
        self.hide()
        self._began = time.monotonic()
        self._doing = doing
        if output.ERR.is_terminal:
            self._live = Live(console=output.ERR, get_renderable=self._render, transient=True)
            self._live.start()
        else:
            output.note(f"{doing} the local stack.")

    def hide(self) -> None:
        """Ends the line, if there is one."""
        if self._live:
            self._live.stop()
        self._live = None

    def _render(self) -> RenderableType:
        names = ", ".join(process.name for process in self._stack.processes)
        seconds = time.monotonic() - self._began
        line = Text.assemble(self._doing, (f"  {seconds:.1f} s  {names}", "dim"), no_wrap=True, overflow="ellipsis")
        self._spinner.update(text=line)
        return self._spinner
