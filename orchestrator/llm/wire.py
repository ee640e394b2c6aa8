"""The two halves of a provider: a wire, which knows its JSON and no network, and a carrier, which knows its network and no
JSON."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pydantic import JsonValue

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.model import ModelReply, ModelRequest

Body = dict[str, JsonValue]


class Target(NamedTuple):
    """Whom a request is for."""

    provider: str
    #: The provider's own name of it.
    model: str
    capabilities: Capabilities


class DoubtfulStream(Exception):
    """A stream that may be put together in more than one way. The same turn is asked for again, whole."""


@dataclass(frozen=True)
class Answer:
    """A provider's answer with a status of success. `chunks` ends with the body; reading it may raise ModelError."""

    chunks: Iterable[bytes]
    request_id: str | None


class Assembly(Protocol):
    """One streamed answer, put together event by event."""

    def feed(self, event: Mapping[str, JsonValue]) -> str:
        """Takes the next event; gives the text of the answer that it adds. Raises ModelError for an error inside the stream."""
        ...

    def reply(self, request_id: str | None) -> ModelReply:
        """The whole answer. Raises DoubtfulStream, and ModelError where the stream broke off before its end."""
        ...


class Wire(Protocol):
    """A provider's JSON. Pure."""

    def body(self, request: ModelRequest, target: Target) -> Body:
        """The request's body. Its carrier adds what asks for a stream; the rest of what a stream needs is here, where
        `request.stream` is set."""
        ...

    def check(self, body: Body) -> None:
        """Raises IllegalTranscript where the provider would refuse how calls and results are paired."""
        ...

    def decode(self, body: bytes, request_id: str | None) -> ModelReply:
        """The reply that a whole answer holds, whatever it leaves out or misplaces. Raises ModelError where there is none."""
        ...

    def assembly(self) -> Assembly:
        """For one streamed answer."""
        ...


class Carrier(Protocol):
    """A provider's network: its URLs, its keys, its SDK. One for each process, shared by all threads."""

    def send(self, body: Body, model: str, *, stream: bool, timeout_s: float) -> AbstractContextManager[Answer]:
        """Sends the request once and gives the answer while it comes. Raises ModelError."""
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...
