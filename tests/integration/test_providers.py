"""Models that cannot be asked, and what their providers could not keep."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from orchestrator import providers
from orchestrator.database import Database
from orchestrator.errors import Unacceptable
from orchestrator.llm.errors import ModelRefused
from orchestrator.llm.model import ModelRequest, ModelWarning
from orchestrator.llm.models import Models
from orchestrator.store import providers as store
from tests.integration.loop import Make, asks, says

_WARNING = ModelWarning(code="not_strict", message="Strict was left out.")


def test_a_model_that_no_coordinator_can_ask_is_refused(make: Make) -> None:
    """With what to do about it. Until a coordinator has said anything, and once it can, runs are accepted."""
    bench = make()
    bench.start(model="openai/m")
    providers.tell(bench.database, {}).join()

    with pytest.raises(Unacceptable, match="set OPENAI_API_KEY") as refused:
        bench.start(model="openai/m")
    providers.tell(bench.database, {"OPENAI_API_KEY": "k"}).join()
    bench.start(model="openai/m")

    assert refused.value.field == "model"


def test_a_provider_that_is_none_is_refused(make: Make) -> None:
    """It would be sent to OpenAI, with OpenAI's key. Another server there has models of any name."""
    bench = make()
    providers.tell(bench.database, {"OPENAI_API_KEY": "k"}).join()

    with pytest.raises(Unacceptable, match=r"'antropic' is no provider .* Did you mean anthropic\?") as refused:
        bench.start(model="antropic/claude")
    with pytest.raises(Unacceptable, match="names no model"):
        bench.start(model="openai/")
    bench.start(model="openai/antropic/claude")
    bench.start(model="gpt-5-mini")
    providers.tell(bench.database, {"OPENAI_BASE_URL": "http://localhost:8080/v1"}).join()
    for model in ("scripted", "scripted/demo", "meta-llama/x"):
        bench.start(model=model)

    assert refused.value.field == "model"


@pytest.mark.parametrize("access", [{}, {"OPENAI_API_KEY": "k"}])
def test_a_coordinator_asks_no_provider_that_is_none(access: dict[str, str]) -> None:
    """A run may have been accepted before any coordinator had said what it reaches."""
    models = Models(access, connections=1)

    with pytest.raises(ModelRefused, match="'antropic' is no provider"):
        models.complete(ModelRequest(model="antropic/claude", messages=(), timeout_s=1))


class _Restarting(Database):
    """Cannot be reached at first."""

    def __init__(self, url: str, away: int) -> None:
        super().__init__(url)
        self._away = away

    @contextmanager
    def transaction(self) -> Generator[Session]:
        self._away -= 1
        if self._away >= 0:
            raise OperationalError("begin", {}, ConnectionError())
        with super().transaction() as session:
            yield session


def test_a_coordinator_tells_what_it_can_ask_once_postgres_is_there(database_url: str) -> None:
    """It does not wait for that when it starts."""
    database = _Restarting(database_url, away=2)

    providers.tell(database, {}).join()

    with database.transaction() as session:
        assert "OPENAI_API_KEY" in str(store.problem(session, "openai"))
    database.close()


def test_warnings_are_told_once(make: Make) -> None:
    """Each is an event and stays with the run, whichever turn it came from."""
    other = _WARNING.model_copy(update={"code": "no_seed"})
    bench = make(
        asks("no_such_tool").model_copy(update={"warnings": (_WARNING,)}),
        says("Hello.").model_copy(update={"warnings": (_WARNING, other)}),
    )

    view = bench.run()

    told = [event for event in bench.events(view.run.id) if event.type == "run.warning"]
    assert [(event.turn, event.data["code"]) for event in told] == [(1, "not_strict"), (2, "no_seed")]
    assert [warning["code"] for warning in view.run.warnings or ()] == ["not_strict", "no_seed"]
