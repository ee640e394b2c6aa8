"""The migrations make what the tables say."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

import migrations
from orchestrator import migration
from orchestrator.database import Database, driver_url
from orchestrator.tables import Base
from tests.integration.loop import Make, asks, says


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


def test_rows_live_through_a_migration_and_back(database_url: str, make: Make) -> None:
    """What was written before the newest schema is read after it. A process that is yet to be replaced takes a schema that it
    does not know for a newer one, and an older one for what it is."""
    bench = make(asks("lookup"), says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["url"] = driver_url(database_url)

    command.downgrade(config, "-1")
    assert not migration.at_head(bench.database.engine)
    migration.upgrade(database_url)
    bench.work(run_id, 0)
    bench.turns.finish(run_id, 1, returned=True)
    view = bench.view(run_id)
    with bench.database.transaction() as session:
        session.execute(text("update alembic_version set version_num = 'of_a_later_version'"))

    assert (view.run.status, [turn.provider for turn in view.turns]) == ("completed", ["openai", ""])
    assert migration.at_head(bench.database.engine)
