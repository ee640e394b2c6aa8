"""Rows of tool versions: each one that was ever announced, and when it was last there."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator.store.runs import from_now
from orchestrator.tables import ToolVersion
from tasks.messages import ToolSpec

#: The watcher notes every second what is there; with no note for this long, no worker is.
LIVE_WITHIN_S: Final = 30.0


class Offer(NamedTuple):
    """A tool version and how many live worker processes offered it when it was last seen."""

    spec: ToolSpec
    workers: int


def keep(session: Session, offers: Mapping[tuple[str, str], Offer]) -> None:
    """Notes the versions that are there now. A version once kept is never changed."""
    if not offers:
        return
    rows = [
        {"name": name, "schema_hash": schema_hash, "spec": offer.spec.model_dump(mode="json"), "workers": offer.workers}
        for (name, schema_hash), offer in sorted(offers.items())
    ]
    new = insert(ToolVersion).values(rows)
    seen = {"spec": new.excluded.spec, "workers": new.excluded.workers, "last_seen_at": func.now()}
    session.execute(new.on_conflict_do_update(index_elements=["name", "schema_hash"], set_=seen))


def versions(session: Session, hashes: Mapping[str, str]) -> dict[str, ToolSpec]:
    """The named versions, by tool name."""
    if not hashes:
        return {}
    wanted = tuple_(ToolVersion.name, ToolVersion.schema_hash).in_(list(hashes.items()))
    rows = session.scalars(select(ToolVersion).where(wanted))
    return {row.name: ToolSpec.model_validate(row.spec) for row in rows}


def hashes(session: Session, within_s: float, names: Collection[str] | None) -> dict[str, str]:
    """The newest version of each of the tools, or of all, among those seen within the last seconds, by tool name."""
    query = (
        select(ToolVersion.name, ToolVersion.schema_hash)
        .where(ToolVersion.last_seen_at > from_now(-within_s))
        .order_by(ToolVersion.name, _is_live(), ToolVersion.first_seen_at)
    )
    if names is not None:
        query = query.where(ToolVersion.name.in_(names))
    return {row.name: row.schema_hash for row in session.execute(query)}


def newest(session: Session, within_s: float) -> dict[str, ToolVersion]:
    """Each tool's newest version among those seen within the last seconds, by tool name."""
    query = select(ToolVersion).where(ToolVersion.last_seen_at > from_now(-within_s)).order_by(ToolVersion.name, ToolVersion.first_seen_at)
    return {row.name: row for row in session.scalars(query)}


def live(session: Session) -> set[tuple[str, str]]:
    """Name and hash of each version that workers offer now."""
    query = select(ToolVersion.name, ToolVersion.schema_hash).where(ToolVersion.last_seen_at > from_now(-LIVE_WITHIN_S))
    return {(row.name, row.schema_hash) for row in session.execute(query)}


def _is_live() -> ColumnElement[bool]:
    """Orders what workers offer now after what they no longer do: after a roll-back the older version is the newest."""
    return ToolVersion.last_seen_at > from_now(-LIVE_WITHIN_S)
