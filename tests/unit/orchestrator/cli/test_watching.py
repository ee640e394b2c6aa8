"""A run followed until its end."""

import httpx2
import pytest

from orchestrator.cli.client import Client
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.cli.watching import watch
from tests.unit.orchestrator.cli.service import problem, run


def _client(*responses: httpx2.Response) -> Client:
    given = iter(responses)
    return Client("http://there", httpx2.MockTransport(lambda _: next(given)), lambda _: None)


def test_a_run_is_watched_until_it_has_ended() -> None:
    """What is given is the last that the service told."""
    states = ("queued", "in_progress", "failed", "never asked for")

    with _client(*(httpx2.Response(200, json=run(state)) for state in states)) as client:
        assert watch(client, "run_1", None)["status"] == "failed"


def test_a_run_that_is_not_there_ends_the_command() -> None:
    """It will not come."""
    with _client(httpx2.Response(404, json=problem(404, "There is no such run."))) as client, pytest.raises(CommandError) as raised:
        watch(client, "run_1", None)

    assert raised.value.code == ExitCode.NOT_FOUND
