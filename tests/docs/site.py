"""The Toolchord that the documentation speaks of: `toolchord up`, with the tools that its pages write."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from orchestrator.cli.endpoint import LocalStack
from orchestrator.embedded import EmbeddedServers
from tests.docs.blocks import PAGES, blocks

_READY_S: Final = 60.0
_STOPPED_S: Final = 30.0


class Site(NamedTuple):
    """A running Toolchord. Pages write their own addresses, which are not this one's."""

    output: Path
    environ: Mapping[str, str]
    addresses: Mapping[str, str]

    def here(self, text: str) -> str:
        """The text with the pages' addresses replaced by this one's."""
        for written, real in self.addresses.items():
            text = text.replace(written, real)
        return text


def clean_environ(home: Path) -> dict[str, str]:
    """What a reader's terminal has, and nothing that names another Toolchord."""
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}


@contextmanager
def running() -> Generator[Site]:
    """Starts servers and `toolchord up`, and stops both. Raises ServerUnavailableError where there is no server to start."""
    with tempfile.TemporaryDirectory(prefix="toolchord-docs-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postgres runs as another user where the tests run as root.
        with EmbeddedServers(folder / "servers", {}) as servers, _up(folder, servers) as site:
            yield site


@contextmanager
def _up(folder: Path, servers: EmbeddedServers) -> Generator[Site]:
    urls = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    data = {"TOOLCHORD_DATA_DIR": str(folder / "data")}
    environ = clean_environ(folder) | urls | data | {"TOOLCHORD_TOOLS": ",".join(_tool_files(folder))}
    output = folder / "up.txt"
    command = [sys.executable, "-m", "orchestrator.cli", "up"]
    with output.open("w") as file, subprocess.Popen(command, cwd=folder, env=environ, stdout=file, stderr=subprocess.STDOUT) as process:
        try:
            stack = _ready(process, folder / "data", output)
            yield Site(output, data, _addresses(stack, servers))
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOPPED_S)
    finally:
        process.kill()


def _ready(process: subprocess.Popen[bytes], data: Path, output: Path) -> LocalStack:
    give_up_at = time.monotonic() + _READY_S
    while (stack := LocalStack.of(data)) is None:
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < give_up_at, output.read_text()
        time.sleep(0.1)
    return stack


def _addresses(stack: LocalStack, servers: EmbeddedServers) -> dict[str, str]:
    return {
        "http://127.0.0.1:8000": stack.api_url,
        "http://127.0.0.1:5555": stack.flower_url,
        "http://127.0.0.1:8099": str(stack.model_url).removesuffix("/v1"),
        "postgresql://toolchord:secret@db.example.com/toolchord": servers.database_url,
        "rediss://worker:secret@redis.example.com:6379/0": servers.redis_url,
        "rediss://:secret@redis.example.com:6379/0": servers.redis_url,
    }


def _tool_files(folder: Path) -> list[str]:
    """The demonstration's tools, and each file of tools that a page writes, in its last version."""
    files: dict[Path, str] = {}
    for page in PAGES:
        for block in blocks(page):
            if block.file and "@tool" in block.text:
                files[folder / "tools" / page.stem / block.file] = block.text
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return ["tasks.tools", *map(str, files)]
