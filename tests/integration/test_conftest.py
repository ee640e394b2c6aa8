"""The fixtures that every test on real servers stands on."""

from contextlib import closing

import psycopg
import pytest

from tasks.broker import connect


@pytest.mark.parametrize("_turn", [1, 2])
def test_each_test_has_a_migrated_database_without_rows(database_url: str, _turn: int) -> None:
    """The schema is there and what another test wrote is not."""
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE mine ()")

        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


@pytest.mark.parametrize("_turn", [1, 2])
def test_each_test_has_an_empty_redis(redis_url: str, _turn: int) -> None:
    """What another test wrote is gone."""
    with closing(connect(redis_url)) as client:
        assert client.set("mine", 1, nx=True)
