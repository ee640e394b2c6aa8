"""Failures of other projects in the field, as test cases."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from orchestrator.llm.scripted import Reply
from orchestrator.messages import Message, UserMessage
from tasks.messages import ToolSpec
from tests.integration.loop import SPEC, Make
from tests.reports.service import Client

QUESTION: Final = UserMessage(content="Go on.")
_CITY: Final[dict[str, Any]] = {"type": "object", "properties": {"city": {"type": "string"}}}
_QUERY: Final[dict[str, Any]] = {"type": "object", "properties": {"query": {"type": "string"}}}
#: What a model is offered.
TOOLS: Final[Mapping[str, ToolSpec]] = {
    "get_weather": SPEC.model_copy(update={"name": "get_weather", "parameters": _CITY}),
    "search": SPEC.model_copy(update={"name": "search", "parameters": _QUERY}),
}


class Made(NamedTuple):
    """A call as it is judged: it would be run with these arguments, unless it has the `code` of an answer."""

    name: str
    #: None: not looked at.
    arguments: Mapping[str, Any] | None
    #: Where it is told.
    id: str | None = None
    code: str | None = None


def weather(city: str, call_id: str | None = None) -> Made:
    """A call of get_weather that is run."""
    return Made("get_weather", {"city": city}, call_id)


def search(query: str, call_id: str | None = None) -> Made:
    """A call of search that is run."""
    return Made("search", {"query": query}, call_id)


def refused(name: str, code: str) -> Made:
    """A call that is not run, and answered with this code."""
    return Made(name, None, code=code)


class Failure(NamedTuple):
    """An error instead of a reply."""

    code: str
    retryable: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a provider sends, and what comes of it."""

    #: `provider/model`.
    model: str
    #: What it sends, in its provider's format unless it is raw.
    reply: Reply
    streamed: bool = True
    #: The calls, in order.
    makes: tuple[Made, ...] = ()
    content: str | None = None
    fails: Failure | None = None
    #: The turn is asked for again without a stream, because this one can be read in two ways.
    repeated: bool = False
    #: What was said before the question.
    before: tuple[Message, ...] = ()
    #: Further fields of the ModelRequest.
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: The outline of the request that brings the results; None: not made.
    sends: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class History:
    """A conversation, and the request that is made of it."""

    model: str
    messages: tuple[Message, ...] = (QUESTION,)
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: The outline of the request; its format's own check has taken it.
    sends: tuple[str, ...] | None = None
    #: Fields that the request has not.
    without: tuple[str, ...] = ()
    #: Codes of what is told about it.
    warns: tuple[str, ...] = ()
    #: The place at which it is refused, and never sent.
    illegal: str | None = None


@dataclass(frozen=True)
class Scenario:
    """A run on real servers, with the test in the place of the model and of the worker."""

    play: Callable[[Make], None]


@dataclass(frozen=True)
class Extraction:
    """A program that asks for typed calls: over the API, the loop and the provider's format."""

    play: Callable[[Client], None]


Case = Answer | History | Scenario | Extraction


@dataclass(frozen=True, kw_only=True)
class Report:
    """One failure. `wrong` and `ours` are sentences of the documentation."""

    number: int
    #: `owner/repository#number`; none: seen in recorded traffic.
    sources: tuple[str, ...]
    wrong: str
    #: What Toolchord does.
    ours: str
    cases: tuple[Case, ...]
