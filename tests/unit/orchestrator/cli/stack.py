"""A stack of no processes."""

import os
from types import TracebackType
from typing import Self

from orchestrator.settings import Settings
from orchestrator.stack import Stack


class IdleStack(Stack):
    """Starts nothing, and notes what it was asked."""

    def __init__(
        self, settings: Settings, enter: Exception | None = None, ready: Exception | None = None, watch: BaseException | None = None
    ) -> None:
        super().__init__(settings, os.environ)
        self.did: list[str] = []
        self._failures = {"enter": enter, "ready": ready, "watch": watch}

    @property
    def api_url(self) -> str:
        return "http://127.0.0.1:8003"

    @property
    def flower_url(self) -> str:
        return "http://127.0.0.1:5558"

    @property
    def model_url(self) -> str:
        return "http://127.0.0.1:40001/v1"

    def __enter__(self) -> Self:
        self._do("enter")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._do("exit")

    def wait_ready(self, timeout_s: float = 60.0) -> None:  # noqa: ARG002 - the signature of the overridden method
        self._do("ready")

    def watch(self) -> None:
        self._do("watch")

    def _do(self, step: str) -> None:
        self.did.append(step)
        if failure := self._failures.get(step):
            raise failure
