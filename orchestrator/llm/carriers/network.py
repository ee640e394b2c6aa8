"""What the carriers have in common: connections, the times of a request, and what a failure of the network means."""

import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import httpx2

from orchestrator.llm import failures
from orchestrator.llm.errors import ModelRefused, ModelUnavailable

#: Seconds to wait for a connection: a provider that is up accepts one at once.
_CONNECT_TIMEOUT_S: Final = 2.0


def limits(max_connections: int) -> httpx2.Limits:
    """Connections are kept between calls: a new one, with TLS, costs more than many answers."""
    return httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)


def timeout(timeout_s: float) -> httpx2.Timeout:
    """Of a request that has so many seconds."""
    return httpx2.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s))


@contextmanager
def sending() -> Generator[None]:
    """Raises what goes wrong while a request is sent, and its answer read, as ModelError."""
    try:
        yield
    except httpx2.TimeoutException:
        raise ModelUnavailable(*failures.TIMED_OUT, retryable=True) from None
    except (httpx2.RequestError, ssl.SSLError):
        raise ModelUnavailable(*failures.UNREACHABLE, retryable=True) from None


@contextmanager
def writing() -> Generator[None]:
    """Raises ModelRefused for a request that cannot be written: JSON and UTF-8 have no form for NaN, half a surrogate pair or endless
    nesting, and Google's SDK refuses some names of models. What is wrong with an answer is no fault of the request, so it ends before."""
    try:
        yield
    except (ValueError, RecursionError):
        message = (
            "The model's name, the messages, tools or options hold what cannot be sent, such as NaN or half a surrogate pair. Remove it."
        )
        raise ModelRefused("invalid_request", message, retryable=False) from None
