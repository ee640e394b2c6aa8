"""The scripted model as a server: in this process's main thread, or beside it."""

import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import uvicorn

from orchestrator.llm.scripted.app import ScriptedApp
from orchestrator.llm.scripted.connection import BreakableProtocol
from orchestrator.llm.scripted.log import ReceivedRequest
from orchestrator.llm.scripted.script import Script

_START_TIMEOUT_S: Final = 10.0
_BACKLOG: Final = 2048


def serve(host: str = "127.0.0.1", port: int = 8099, script: Script | None = None, latency_s: float = 0.0, log: Path | None = None) -> None:
    """Serves a scripted model until the process is told to stop; for the command line.

    `script` answers all requests that name no other; without one, and where it has no fitting conversation, the demo's planner does.
    `latency_s` is the time before the first byte of each reply, unless a script says otherwise. Port 0 takes any free port, which
    the log names. Every request is appended to the file `log`, if one is given.
    """
    uvicorn.Server(_configured(ScriptedApp(script, latency_s, log), host=host, port=port, log_level="info")).run()


def _configured(app: ScriptedApp, **options: Any) -> uvicorn.Config:
    # Clients keep idle connections: 75 s outlast a pool's own limit, so that none is closed just as it is used again.
    return uvicorn.Config(
        app.asgi,
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        **options,
    )


class ScriptedModel:
    """A scripted model in a thread of this process, on a free loopback port; for tests. Each is entered once.

    with ScriptedModel(Script.of(Reply(content="Hello"))) as model:
        client = OpenAI(base_url=model.base_url, api_key="any")
    """

    def __init__(self, script: Script | None = None, latency_s: float = 0.0) -> None:
        self._app = ScriptedApp(script, latency_s)
        self._server = uvicorn.Server(_configured(self._app, log_config=None))
        self._thread: threading.Thread | None = None
        self.port = 0

    def __enter__(self) -> Self:
        """Raises TimeoutError when the server does not start within ten seconds."""
        listening = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self.port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="scripted-model", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._server.started:
            if time.monotonic() > deadline:
                raise TimeoutError("the scripted model did not start")
            time.sleep(0.005)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stops the server; a reply that is still under way is given one second."""
        self._server.should_exit = True
        if self._thread:
            self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL and its SDK's `base_url` take. Other SDKs add the rest of the path to `url`."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """What was asked of the model, oldest first; the newest thousand are kept."""
        return self._app.log.requests()

    def forget_requests(self) -> None:
        """Empties the log of requests, and counts all attempts anew."""
        self._app.forget_requests()

    def register(self, name: str, script: Script) -> str:
        """Makes the script answer to a model name of its own, which is returned: `scripted/NAME`. One of the same name is replaced.
        Raises ValueError for a name that cannot be, LibraryFullError."""
        return self._app.stage.register(name, script)
