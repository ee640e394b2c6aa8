"""`toolchord db`: the database's schema."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from orchestrator import migration
from orchestrator.cli import configuration, output
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.cli.options import AsJson, examples, make_typer
from orchestrator.database import Database

app = make_typer("Bring the database to the newest schema, or check it.")


@app.command(epilog=examples("DATABASE_URL=postgresql://me@host/toolchord toolchord db upgrade"))
def upgrade(*, as_json: AsJson = False) -> None:
    """Migrate the database of DATABASE_URL to the newest schema. Safe to run twice, and by several at once."""
    url = configuration.load().require_database()
    with _reached():
        migration.upgrade(url)
    _tell(as_json=as_json)


@app.command(epilog=examples("toolchord db check && echo ready"))
def check(*, as_json: AsJson = False) -> None:
    """Exit with 0 when the database of DATABASE_URL has the newest schema, else with 1."""
    database = Database(configuration.load().require_database(), pool=1)
    with _reached():
        at_head = migration.at_head(database.engine)
    if not at_head:
        raise CommandError(ExitCode.FAILED, "The database does not have the newest schema. Run `toolchord db upgrade`.")
    _tell(as_json=as_json)


@contextmanager
def _reached() -> Generator[None]:
    try:
        yield
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise CommandError(ExitCode.UNAVAILABLE, f"Postgres cannot be reached by DATABASE_URL: {reason}") from None


def _tell(*, as_json: bool) -> None:
    output.print_json({"at_head": True}) if as_json else output.say("The database has the newest schema.")
