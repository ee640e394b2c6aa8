"""What a wire format is to the server."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.llm.scripted.completion import Completion
from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.request import ChatRequest

Json = dict[str, Any]

# Kept ready, as a server writes JSON all the time. ASCII, so that no text can fail to be encoded.
_COMPACT: Final = json.JSONEncoder(separators=(",", ":"))


class Wire(ABC):
    """A provider's format."""

    #: The header in which the provider says the request's id.
    id_header = "x-request-id"

    @abstractmethod
    def read(self, body: Any, place: Mapping[str, str]) -> ChatRequest:
        """The request, checked; `place` holds what the path says. Raises RequestError."""

    @abstractmethod
    def body(self, completion: Completion) -> Json:
        """The whole answer."""

    @abstractmethod
    def events(self, completion: Completion) -> Iterator[bytes]:
        """The answer as server-sent events."""

    @abstractmethod
    def error(self, fault: ErrorFault) -> Json:
        """An error answer."""

    def error_event(self, fault: ErrorFault) -> bytes:
        """The error in a stream that has begun."""
        return event(self.error(fault))


def encoded(value: object) -> bytes:
    """Compact JSON."""
    return _COMPACT.encode(value).encode()


def event(value: object, name: str | None = None) -> bytes:
    """A server-sent event."""
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + encoded(value) + b"\n\n"


def fault_headers(fault: ErrorFault) -> Mapping[str, str]:
    """The fault's own headers and its Retry-After, in seconds and with a fraction if need be, as SDKs read it."""
    waiting = {} if fault.retry_after_s is None else {"retry-after": f"{fault.retry_after_s:g}"}
    return {**waiting, **fault.headers}
