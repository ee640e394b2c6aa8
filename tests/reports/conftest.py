"""What the reports' cases run on."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from orchestrator.engine import Engine
from orchestrator.llm.scripted import Conversation, Match, Reply, Script
from tests.integration.conftest import celery_app, client, engine, make
from tests.reports.report import Answer
from tests.reports.service import Client, Providers
from tests.reports.table import cases

#: Fixtures of other integration tests.
__all__ = ["celery_app", "client", "engine", "make"]

_FINE = Reply(content="Fine.")


@pytest.fixture(scope="session")
def providers() -> Iterator[Providers]:
    """They answer each case as it says, and everything else with words."""
    told = [Conversation(when=Match(contains=f"{name}:"), replies=(case.reply, _FINE), repeat_last=True) for name, case in cases(Answer)]
    with Providers(Script(conversations=(*told, Conversation(replies=(_FINE,), repeat_last=True)))) as providers:
        yield providers


@pytest.fixture
def program(engine: Engine, client: TestClient) -> Client:
    """What makes a Toolchord for a program."""
    return Client(engine, client)
