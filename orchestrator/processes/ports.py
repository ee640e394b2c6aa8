"""TCP ports of the loopback interface."""

import errno
import socket
import sys
from collections.abc import Iterable
from contextlib import closing

LOOPBACK = "127.0.0.1"
_TRIES = 100


class ReservedPort:
    """A free port that no other stack of this machine is given while this one is held: between the choice of a port and the
    moment its server listens there are seconds in which it looks free to all. Who is no stack may still take it.
    """

    def __init__(self, preferred: int = 0, *, only: bool = False) -> None:
        """The preferred port or the next free after it; any when none is preferred. With `only`, the preferred or none.

        Raises OSError when there is none.
        """
        for port in _candidates(preferred, only=only):
            if (found := _bindable(port)) and (claim := _claim(found)):
                self.number = found
                self._claim = claim
                return
        wanted = f"Port {preferred} is" if only else f"The ports from {preferred} are"
        raise OSError(errno.EADDRINUSE, f"{wanted} taken on {LOOPBACK}.")

    def release(self) -> None:
        """Lets others have it. Safe to call twice."""
        self._claim.close()


def free_port(preferred: int = 0) -> int:
    """A port that nobody listens on: the preferred one or the next free after it; any when none is preferred.

    It is free now and may be taken a moment later: who is given it must fail clearly when it cannot listen.
    Raises OSError when none is free.
    """
    port = ReservedPort(preferred)
    port.release()
    return port.number


def _candidates(preferred: int, *, only: bool) -> Iterable[int]:
    if not preferred:
        return [0] * _TRIES
    return range(preferred, preferred + 1 if only else min(preferred + _TRIES, 65536))


def _bindable(port: int) -> int | None:
    with closing(socket.socket()) as listener:
        # Servers set it too: a port whose last connections only wait to be forgotten counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return None
        bound: int = listener.getsockname()[1]
        return bound


def _claim(port: int) -> socket.socket | None:
    """A lock that ends with this process and leaves no file: a name in Linux's abstract namespace of Unix sockets."""
    claim = socket.socket(socket.AF_UNIX)
    if sys.platform == "linux":
        try:
            claim.bind(f"\0toolchord-port-{port}")
        except OSError:
            claim.close()
            return None
    return claim
