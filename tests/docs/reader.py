"""A reader who does what a page says, from top to bottom, in an empty folder."""

import importlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final, Self

from tests.docs import skipped
from tests.docs.blocks import Block
from tests.docs.commands import Command, commands
from tests.docs.site import Site, clean_environ

#: Commands that run until they are stopped. Each shows output by which it is known to have started.
_UNTIL_STOPPED: Final = ("toolchord scripted-model ", "celery -A workers.app worker ")
#: It runs already.
_UP: Final = "toolchord up"
#: What it shows may take a moment to be there, so a reader looks again.
_LOOKS: Final = "toolchord tools list"
#: What a running Toolchord is needed for.
_ASKS: Final = re.compile(r"toolchord (run|runs|tools list|tools show)\b|http://127\.0\.0\.1|example\.com")
#: Files that a page speaks of before it shows them.
_AT_HAND: Final = {"script.json": '{"replies": [{"content": "Paris."}]}'}
_COMMAND_S: Final = 60.0
_PATIENCE_S: Final = 30.0
#: Exports live on in the page's next command.
_SHELL: Final = 'if [ -f "$HOME/.exports" ]; then . "$HOME/.exports"; fi\n{command}\nstatus=$?\nexport -p > "$HOME/.exports"\nexit $status'


class Reader:
    """Reads one page. `site` gives the running Toolchord when a command needs it."""

    def __init__(self, folder: Path, site: Callable[[], Site]) -> None:
        self._folder = folder
        self._site = site
        self._module = ModuleType(f"page_{folder.name}")
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        sys.modules[self._module.__name__] = self._module  # Pydantic looks names up there.
        for name, text in _AT_HAND.items():
            (self._folder / name).write_text(text)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for path in self._folder.glob("*.py"):
            sys.modules.pop(path.stem, None)
        del sys.modules[self._module.__name__]
        for process in self._running:
            _end(process)

    def do(self, block: Block) -> None:
        """Does what the block says. Raises AssertionError when it does not come out as shown."""
        if block.file:
            self._write(block, block.file)
        match block.language:
            case "python":
                self._execute(block)
            case "console":
                for command in commands(block):
                    if skipped.reason(command.text) is None:
                        self._run(command)
            case _:
                pass

    def _write(self, block: Block, file: str) -> None:
        (self._folder / file).write_text(block.text)
        # What is imported next is this version of the file.
        sys.modules.pop(Path(file).stem, None)
        importlib.invalidate_caches()

    def _execute(self, block: Block) -> None:
        code = compile("\n" * (block.line - 1) + block.text, str(block.page), "exec")
        exec(code, vars(self._module))

    def _run(self, command: Command) -> None:
        output = self._output(command)
        assert not command.missing(output), f"{command}\nmissing: {command.missing(output)}\n{output}"

    def _output(self, command: Command) -> str:
        if command.text.startswith(_UP):
            return self._site().output.read_text()
        if command.text.startswith(_UNTIL_STOPPED):
            return _until_shown(command, self._start(command).read_text)
        if command.text == _LOOKS:
            return _until_shown(command, lambda: self._finish(command))
        return self._finish(command)

    def _finish(self, command: Command) -> str:
        output = self._folder / ".output"
        process = self._process(command, output)
        try:
            status = process.wait(_COMMAND_S)
        finally:
            _end(process)
        assert status == 0, f"{command}\nexit code {status}\n{output.read_text()}"
        return output.read_text()

    def _start(self, command: Command) -> Path:
        """Leaves the command running until the end of the page; gives the file that it writes."""
        output = self._folder / f".output{len(self._running)}"
        self._running.append(self._process(command, output))
        return output

    def _process(self, command: Command, output: Path) -> subprocess.Popen[bytes]:
        environ, text = clean_environ(self._folder), command.text
        if _ASKS.search(text):
            site = self._site()
            environ, text = {**environ, **site.environ}, site.here(text)
        with output.open("w") as file:
            return subprocess.Popen(
                ["bash", "-c", _SHELL.format(command=text)],
                cwd=self._folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _until_shown(command: Command, look: Callable[[], str]) -> str:
    """What is seen once it is what the page shows, or after a while."""
    give_up_at = time.monotonic() + _PATIENCE_S
    while command.missing(seen := look()) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    return seen


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a command with all that it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(_PATIENCE_S)
