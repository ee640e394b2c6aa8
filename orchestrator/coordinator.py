"""The coordinator's entry point: `celery -A orchestrator.coordinator worker -Q turns --pool=threads`."""

from functools import cache
from typing import Any

from celery.signals import celeryd_after_setup, setup_logging

from orchestrator.engine import Engine
from orchestrator.settings import Settings
from orchestrator.turns import Turns
from tasks import logs
from tasks.app import make_app
from tasks.names import RUN_ADVANCE, TURN_FINISH

settings = Settings()
app = make_app("toolchord.coordinator", settings.require_redis())


@cache
def _turns() -> Turns:
    return Engine(settings, app).turns()


@app.task(name=RUN_ADVANCE)
def advance(run_id: str) -> None:
    """Makes the run's next model call."""
    _turns().advance(run_id)


@app.task(name=TURN_FINISH)
def finish(run_id: str, turn: int, *, returned: bool) -> None:
    """Gathers the turn's results and makes the next model call."""
    _turns().finish(run_id, turn, returned=returned)


@setup_logging.connect
def _log(**_: Any) -> None:
    logs.configure(settings.log_level)


@celeryd_after_setup.connect
def _prepare(**_: Any) -> None:
    """Makes the engine before the pool's threads start."""
    _turns()
