"""Words for a process that cannot start."""

import asyncio

import pytest
from starlette.types import Message

from orchestrator.api.services import Services
from orchestrator.app import create_app


def _failure(error: BaseException) -> str:
    """What the server is told when the app cannot start."""
    told: list[Message] = []

    def fail() -> Services:
        raise error

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        told.append(message)

    with pytest.raises(type(error)):
        asyncio.run(create_app(fail)({"type": "lifespan", "state": {}}, receive, send))
    return told[0]["message"]


def test_advice_is_told_alone() -> None:
    """Who forgot a setting reads one sentence."""
    assert _failure(SystemExit("DATABASE_URL is not set.")) == "DATABASE_URL is not set."


def test_a_fault_is_told_in_full() -> None:
    """Who is to mend it needs the place."""
    assert "Traceback" in _failure(RuntimeError("broken"))
