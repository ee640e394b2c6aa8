"""The migrations make what the tables say."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from orchestrator import migration
from orchestrator.database import Database
from orchestrator.tables import Base


def test_migrations_and_tables_agree(database_url: str) -> None:
    """From an empty database the migrations lead to exactly the tables of the code."""
    db = Database(database_url)
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        difference = compare_metadata(context, Base.metadata)
    db.close()

    assert difference == []


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    """A database at the newest schema stays as it is, and is known to be there."""
    db = Database(database_url)
    migration.upgrade(database_url)

    assert migration.at_head(db.engine)

    db.close()
