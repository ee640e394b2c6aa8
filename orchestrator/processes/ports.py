"""TCP ports of the loopback interface."""

import socket
from contextlib import closing

LOOPBACK = "127.0.0.1"
_TRIES = 100


def free_port(preferred: int = 0) -> int:
    """A port that nobody listens on: the preferred one or the next free after it; any when none is preferred.

    It is free now and may be taken a moment later: who is given it must fail clearly when it cannot listen.
    Raises OSError when none is free.
    """
    for port in range(preferred, min(preferred + _TRIES, 65536)) if preferred else [0]:
        if bound := _bind(port):
            return bound
    raise OSError(f"No port is free from {preferred} on {LOOPBACK}.")


def _bind(port: int) -> int | None:
    with closing(socket.socket()) as listener:
        # Servers set it too: a port whose last connections only wait to be forgotten counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return None
        bound: int = listener.getsockname()[1]
        return bound
