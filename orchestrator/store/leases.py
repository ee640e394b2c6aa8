"""Rows of leases: who leads, by the database's clock."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator.store.runs import from_now
from orchestrator.tables import Lease


def take(session: Session, name: str, holder: str, lease_s: float) -> bool:
    """Takes or renews the lease unless another holds it; says whether the holder leads now."""
    wanted = insert(Lease).values(name=name, holder=holder, until=from_now(lease_s))
    taken = session.execute(
        wanted.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": holder, "until": from_now(lease_s)},
            where=(Lease.holder == holder) | (Lease.until < func.now()),
        ).returning(Lease.holder)
    )
    return taken.scalar_one_or_none() == holder


def drop(session: Session, name: str, holder: str) -> None:
    """Gives the lease up, so that another may lead at once."""
    lease = session.get(Lease, name)
    if lease is not None and lease.holder == holder:
        session.delete(lease)
