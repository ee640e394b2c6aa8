"""Redis and Postgres: emptied, killed, hung, full."""

import random
import signal
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from redis.exceptions import RedisError

from tests.faults.campaign.faults.kind import Kind, Missed, Strike
from tests.faults.campaign.machine import send, tree
from tests.faults.campaign.rig import Rig

_BACK_WITHIN_S: Final = 60.0
_HANG_S: Final = (5.0, 15.0)
_FULL_S: Final = (4.0, 9.0)
_FULL_BYTES: Final = "1mb"


def _until_back(answers: Callable[[], object], *errors: type[Exception]) -> None:
    give_up_at = time.monotonic() + _BACK_WITHIN_S
    while time.monotonic() < give_up_at:
        with suppress(*errors):
            answers()
            return
        time.sleep(0.05)


def _redis_answers(rig: Rig) -> None:
    with rig.redis(1.0) as redis:
        redis.ping()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed


@contextmanager
def _flush(rig: Rig, _: random.Random) -> Generator[Strike]:
    try:
        with rig.redis() as redis:
            redis.flushall()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
    except RedisError:
        raise Missed from None
    yield Strike("redis")


@contextmanager
def _kill_redis(rig: Rig, _: random.Random) -> Generator[Strike]:
    send(signal.SIGKILL, rig.pid("redis"))
    yield Strike("redis")
    _until_back(lambda: _redis_answers(rig), RedisError, socket.error)


@contextmanager
def _hang_redis(rig: Rig, rng: random.Random) -> Generator[Strike]:
    pid = rig.pid("redis")
    send(signal.SIGSTOP, pid)
    try:
        yield Strike("redis", rng.uniform(*_HANG_S))
    finally:
        send(signal.SIGCONT, pid)


@contextmanager
def _fill_redis(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """Every write is refused: out of memory."""
    try:
        _limit_redis(rig, _FULL_BYTES)
    except RedisError:
        raise Missed from None
    try:
        yield Strike("redis", rng.uniform(*_FULL_S))
    finally:
        # One that was restarted meanwhile has no limit any more.
        _until_back(lambda: _limit_redis(rig, "0"), RedisError, socket.error)


def _limit_redis(rig: Rig, size: str) -> None:
    with rig.redis() as redis:
        redis.config_set("maxmemory", size)  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed


@contextmanager
def _kill_postgres(rig: Rig, _: random.Random) -> Generator[Strike]:
    """As `pg_ctl stop -m immediate` and a start: nothing is written any more, and the log is replayed."""
    send(signal.SIGKILL, rig.pid("postgres"))
    yield Strike("postgres")
    _until_back(lambda: rig.sql("select 1"), psycopg.Error)


@contextmanager
def _kill_backend(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """SIGKILL of one session: Postgres ends all others and starts anew."""
    try:
        pids = [int(row[0]) for row in rig.sql("select pid from pg_stat_activity where application_name = 'toolchord'")]
    except psycopg.Error:
        pids = []
    there = [pid for pid in pids if pid in tree(rig.pid("postgres"))]
    if not there:
        raise Missed
    send(signal.SIGKILL, rng.choice(there))
    yield Strike("postgres")
    _until_back(lambda: rig.sql("select 1"), psycopg.Error)


@contextmanager
def _end_sessions(rig: Rig, _: random.Random) -> Generator[Strike]:
    """pg_terminate_backend, of all sessions."""
    try:
        ended = rig.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'toolchord'")
    except psycopg.Error:
        raise Missed from None
    yield Strike("postgres", detail={"sessions": len(ended)})


@contextmanager
def _hang_postgres(rig: Rig, rng: random.Random) -> Generator[Strike]:
    stopped = tree(rig.pid("postgres"))
    send(signal.SIGSTOP, *stopped)
    try:
        yield Strike("postgres", rng.uniform(*_HANG_S))
    finally:
        send(signal.SIGCONT, *stopped)


@contextmanager
def _fill_disk(rig: Rig, rng: random.Random) -> Generator[Strike]:
    rig.disk.fill()
    try:
        yield Strike("postgres", rng.uniform(*_FULL_S))
    finally:
        rig.disk.empty()
        _until_back(lambda: rig.sql("select 1"), psycopg.Error)


SERVER_KINDS: Final = (
    Kind("redis_flushall", _flush),
    Kind("redis_kill", _kill_redis),
    Kind("redis_hang", _hang_redis),
    Kind("redis_full", _fill_redis),
    Kind("postgres_kill", _kill_postgres),
    Kind("postgres_backend_kill", _kill_backend),
    Kind("postgres_sessions_ended", _end_sessions),
    Kind("postgres_hang", _hang_postgres),
    Kind("postgres_disk_full", _fill_disk, missing=lambda rig: rig.disk.missing),
)
