"""What the carriers have in common: connections, the times of a request, and what a failure of the network means."""

import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Final, Protocol

import httpx2

from orchestrator.llm import failures
from orchestrator.llm.errors import ModelRefused, ModelUnavailable
from orchestrator.llm.wire import Answer

#: Seconds to wait for a connection: a provider that is up accepts one at once.
_CONNECT_TIMEOUT_S: Final = 2.0


class Response(Protocol):
    """An answer with a status of success, whose body is still to come."""

    @property
    def headers(self) -> httpx2.Headers: ...

    def iter_bytes(self) -> Iterator[bytes]: ...


def limits(max_connections: int) -> httpx2.Limits:
    """Connections are kept between calls: a new one, with TLS, costs more than many answers."""
    return httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)


def timeout(timeout_s: float) -> httpx2.Timeout:
    """Of a request that has so many seconds."""
    return httpx2.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s))


@contextmanager
def answer(post: Callable[[], AbstractContextManager[Response]], told: Callable[[], AbstractContextManager[None]]) -> Generator[Answer]:
    """The answer to a request that `post` writes and sends. `told` raises the failures of its SDK as ModelError; those of the network
    are here. What goes wrong with the answer once it is read is not the request's."""
    with ExitStack() as open_until_read:
        with _sendable(), _told(), told():
            response = open_until_read.enter_context(post())
        yield Answer(_read(response, told), failures.request_id(response.headers))


def _read(response: Response, told: Callable[[], AbstractContextManager[None]]) -> Iterator[bytes]:
    with _told(), told():
        yield from response.iter_bytes()


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except httpx2.TimeoutException:
        raise ModelUnavailable(*failures.TIMED_OUT, retryable=True) from None
    except (httpx2.RequestError, ssl.SSLError):
        raise ModelUnavailable(*failures.UNREACHABLE, retryable=True) from None


@contextmanager
def _sendable() -> Generator[None]:
    """JSON and UTF-8 have no form for NaN, half a surrogate pair or endless nesting, and Google's SDK refuses some names of models."""
    try:
        yield
    except (ValueError, RecursionError):
        message = (
            "The model's name, the messages, tools or options hold what cannot be sent, such as NaN or half a surrogate pair. Remove it."
        )
        raise ModelRefused("invalid_request", message, retryable=False) from None
