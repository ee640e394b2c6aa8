"""Models that cannot be asked, and what their providers could not keep."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from orchestrator import providers
from orchestrator.database import Database
from orchestrator.errors import Unacceptable
from orchestrator.llm.model import ModelWarning
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
