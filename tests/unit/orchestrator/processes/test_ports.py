"""Free ports."""

import socket
from contextlib import closing

import pytest

from orchestrator.processes.ports import LOOPBACK, ReservedPort, free_port


def test_a_preferred_port_that_is_free_is_taken() -> None:
    """Users find the API where they expect it."""
    port = free_port()

    assert free_port(port) == port


def test_the_next_free_port_follows_a_preferred_one_that_is_taken() -> None:
    """A second Toolchord starts beside the first."""
    with closing(socket.create_server((LOOPBACK, 0))) as taken:
        port: int = taken.getsockname()[1]

        assert port < free_port(port) < port + 100


def test_a_reserved_port_is_given_to_nobody_else() -> None:
    """Two stacks that start at the same moment get two ports, although neither listens yet."""
    first = ReservedPort(free_port())
    second = ReservedPort(first.number)
    assert first.number < second.number < first.number + 100

    first.release()
    third = ReservedPort(first.number)

    assert third.number == first.number
    second.release()
    third.release()


def test_a_range_without_a_free_port_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names where the search began."""
    monkeypatch.setattr("orchestrator.processes.ports._TRIES", 1)
    with closing(socket.create_server((LOOPBACK, 0))) as taken:
        port: int = taken.getsockname()[1]

        with pytest.raises(OSError, match=str(port)):
            free_port(port)
