"""Rows of idempotency keys: which run a caller's key stands for."""

from typing import Final, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator.store.runs import from_now
from orchestrator.tables import IdempotencyKey

#: After a day a key may stand for another run.
KEPT_S: Final = 24 * 3600.0


class Taken(NamedTuple):
    """The run that a key stands for, and the hash of the request that took it."""

    run_id: str
    fingerprint: str


def take(session: Session, key: str, fingerprint: str, run_id: str) -> Taken:
    """Lets the key stand for the run, unless it stands for another; gives what it stands for. One of several that take a
    key at once wins, and the others wait for its commit."""
    wanted = insert(IdempotencyKey).values(key=key, fingerprint=fingerprint, run_id=run_id)
    anew = {"fingerprint": fingerprint, "run_id": run_id, "created_at": func.now()}
    expired = IdempotencyKey.created_at < from_now(-KEPT_S)
    won = session.execute(wanted.on_conflict_do_update(index_elements=["key"], set_=anew, where=expired).returning(IdempotencyKey.run_id))
    if won.scalar_one_or_none() is not None:
        return Taken(run_id, fingerprint)
    kept = select(IdempotencyKey.run_id, IdempotencyKey.fingerprint).where(IdempotencyKey.key == key)
    return Taken(*session.execute(kept).one())


def purge(session: Session) -> None:
    """Drops the keys that stand for nothing any more."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < from_now(-KEPT_S)))
