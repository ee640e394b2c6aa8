"""Postgres' own notices that runs have ended, on one connection for the process."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import structlog
from psycopg import AsyncConnection, Error, sql
from psycopg.conninfo import make_conninfo

from orchestrator.database import driver_url
from orchestrator.store.runs import FINISHED_CHANNEL

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
#: Nothing is ever sent on this connection, so a dead link shows only by keepalives: here within 20 s.
_OPTIONS: Final = {
    "application_name": "toolchord notices",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}

_log = structlog.get_logger(__name__)


async def finished(url: str) -> AsyncIterator[str]:
    """The ids of runs as they end. Reconnects for ever; what ends meanwhile is not told later."""
    plain_url = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    conninfo = make_conninfo(plain_url, **_OPTIONS)
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(FINISHED_CHANNEL)))
                pause_s = _FIRST_PAUSE_S
                async for notice in connection.notifies():
                    yield notice.payload
        except Error as error:
            _log.warning("listening_interrupted", error=type(error).__name__, pause_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
