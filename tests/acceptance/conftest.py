"""One Toolchord for all acceptance tests of a session: every process as it would run on a host of its own."""

import os
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from orchestrator.processes.errors import ServerUnavailableError
from orchestrator.settings import Settings
from orchestrator.stack import Stack
from tests.acceptance import ledger
from tests.acceptance.local import STREAMED, Local
from tests.acceptance.shell import names_another

ROOT = Path(__file__).parents[2]
#: Runs are not streamed by a field of theirs yet: those with this label are.
_STREAM_BY_LABEL = f"""
CREATE FUNCTION streamed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.stream := NEW.metadata ? '{STREAMED}'; RETURN NEW; END $$;
CREATE TRIGGER streamed BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION streamed()
"""


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Generator[Local]:
    """A running Toolchord with the tools of tests/acceptance/tools, the scripted model and servers of its own."""
    with running(tmp_path_factory.mktemp("acceptance"), "tests.acceptance.tools") as client:
        yield client


@contextmanager
def running(folder: Path, tools: str, environ: Mapping[str, str] | None = None) -> Generator[Local]:
    """A Toolchord with servers of its own, which ask the scripted model unless the environment leads to providers. Skips the test
    where servers cannot be started."""
    ledger_file = folder / "ledger"
    ledger_file.touch()
    known = {"PYTHONPATH": str(ROOT), "TOOLCHORD_TOOLS": tools, ledger.VARIABLE: str(ledger_file)}
    settings = Settings.model_construct(data_dir=folder / "data")
    try:
        with Stack(settings, clean_environ() | known | dict(environ or {})) as stack:
            stack.wait_ready()
            with psycopg.connect(stack.database_url, autocommit=True) as database:
                database.execute(_STREAM_BY_LABEL)
            with closing(Local(stack, ledger_file, folder / "data" / "logs")) as client:
                yield client
    except ServerUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def clean_environ() -> dict[str, str]:
    """The environment without what names another Toolchord, its servers or its model."""
    return {name: value for name, value in os.environ.items() if not names_another(name)}
