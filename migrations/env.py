"""Runs the migrations, each in one transaction, under one lock."""

from typing import Final

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

from orchestrator.tables import Base

#: Two migrators at once wait for one another instead of colliding.
_LOCK: Final = 7_046_029_254_386_353_131


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    connection.execute(text("set lock_timeout = '4s'"))
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()


def _run() -> None:
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        _migrate(connection)


_run()
