"""Tells the API which providers the coordinators can ask, so that it refuses what would only fail later. The API has no keys."""

import threading
from collections.abc import Mapping
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.database import Database
from orchestrator.llm.provider import Access
from orchestrator.llm.records import OTHERS, PROVIDERS, of_others
from orchestrator.store import providers as store
from tasks.failpoints import reach

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 5.0

_log = structlog.get_logger(__name__)


def tell(database: Database, access: Access) -> threading.Thread:
    """Notes of every provider whether it can be asked, on a thread that tries until Postgres takes it. Until then runs are
    accepted for all of them."""
    problems = {name: provider.problem(access) for name, provider in PROVIDERS.items()} | {OTHERS: of_others(access)}
    thread = threading.Thread(target=_tell, args=(database, problems), name="toolchord-providers", daemon=True)
    thread.start()
    return thread


def _tell(database: Database, problems: Mapping[str, str | None]) -> None:
    pause_s, pause = _FIRST_PAUSE_S, threading.Event()
    while not _told(database, problems):
        pause.wait(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _told(database: Database, problems: Mapping[str, str | None]) -> bool:
    try:
        with database.transaction() as session:
            store.keep(session, problems)
            reach("providers.telling")
    except SQLAlchemyError as error:
        _log.warning("providers_not_told", error=type(error).__name__)
        return False
    reach("providers.told")
    return True
