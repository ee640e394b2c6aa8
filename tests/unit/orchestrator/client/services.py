"""Services of a few lines for the client to ask."""

import json
from collections.abc import Callable
from typing import Any

import httpx2

from orchestrator.client import Toolchord
from tests.unit.orchestrator.cli.service import RUN_ID, call, problem, run

Json = dict[str, Any]
Answer = Callable[[httpx2.Request], httpx2.Response]
MESSAGES = [{"role": "user", "content": "Go on."}]


class Full:
    """A service that takes a run when it was asked often enough."""

    def __init__(self, refusals: int, status: int, after: str) -> None:
        self.keys: list[str | None] = []
        self._refusals = refusals
        self._refusal = httpx2.Response(status, json=problem(status, "10 runs are queued."), headers={"Retry-After": after})

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        return self._refusal if len(self.keys) <= self._refusals else httpx2.Response(202, json={"id": "run_1"})


class Runs:
    """Ends each run at once, as it is told."""

    def __init__(self, *ended: Json) -> None:
        self.bodies: list[Json] = []
        self.keys: list[str] = []
        self._ended = list(ended)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(json.loads(request.content))
        self.keys.append(request.headers["Idempotency-Key"])
        return httpx2.Response(200, json=self._ended.pop(0))

    def client(self) -> Toolchord:
        return asking(self)


def asking(answer: Answer, **options: Any) -> Toolchord:
    """A client that never really waits."""
    return Toolchord("http://there:8000", transport=httpx2.MockTransport(answer), sleep=lambda _: None, **options)


def made(index: int, name: str, arguments: str, *, turn: int = 1, error: tuple[str, str] | None = None) -> Json:
    """A call that nobody executes: valid by its schema, or refused with this code and message."""
    told = error and {"code": error[0], "message": error[1]}
    status = "failed" if error else "succeeded"
    ours: Json = {
        "id": f"{RUN_ID}.{turn}.{index}",
        "turn": turn,
        "arguments": arguments,
        "outcome": status,
        "error": told,
        "execute": False,
    }
    return call(index, name, status, **ours)


def with_calls(*calls: Json, **fields: Any) -> Json:
    """A run that has ended with these calls."""
    ended: Json = {"tool_calls": [*calls], "turns": [], "output": None, **fields}
    return run(**ended)
