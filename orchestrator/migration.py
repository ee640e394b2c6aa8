"""The way to the newest schema, and whether a database is there."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

import migrations
from orchestrator.database import driver_url

_FOLDER: Final = str(Path(migrations.__file__).parent)


def upgrade(url: str) -> None:
    """Brings the database at this URL to the newest schema. Safe to run twice, and by several at once."""
    config = Config()
    config.set_main_option("script_location", _FOLDER)
    config.attributes["url"] = driver_url(url)
    command.upgrade(config, "head")


def at_head(engine: Engine) -> bool:
    """Whether the schema is the newest that this code knows, or newer: a deployment migrates first, and the processes that it
    is about to replace serve on. Raises sqlalchemy.exc.SQLAlchemyError."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    older = [script.revision for script in ScriptDirectory(_FOLDER).walk_revisions()][1:]
    return current is not None and current not in older
