"""The recorded conversations, each as a run that can be started."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, cast

from pydantic import JsonValue

from orchestrator import transcript
from orchestrator.llm.records import PROVIDERS
from orchestrator.llm.scripted.request import ChatMessage
from tasks.names import TOOL_NAME
from tests.acceptance.recorded import said
from tests.acceptance.recorded.formats import Request
from tests.acceptance.recorded.said import Called, Said
from tests.replay import Interaction, cassettes, interactions

#: Whom a host and an operation stand for; any other server of an operation is asked as a compatible one.
_PROVIDERS: Final = (
    ("openrouter", r"openrouter\.ai/.*"),
    ("azure-responses", r"[^/]*azure[^/]*/.*responses"),
    ("azure", r"[^/]*azure[^/]*/.*chat/completions"),
    ("deepseek", r"[^/]*deepseek[^/]*/.*chat/completions"),
    ("groq", r"[^/]*groq[^/]*/.*chat/completions"),
    ("openai", r"api\.openai\.com/.*chat/completions"),
    ("openai-responses", r".*responses"),
    # The body of Claude on Bedrock is that of Anthropic's own API, without the model's name.
    ("anthropic", r".*(?:messages|/invoke)"),
    ("vertex", r"[^/]*aiplatform[^/]*/.*[gG]enerateContent"),
    ("google", r".*[gG]enerateContent"),
    ("openai-compatible", r".*(?:chat/completions|/chat)"),
)
#: Errors that an SDK's user may meet with the same request again.
_PASSING: Final = frozenset({408, 409, 429, *range(500, 600)})
_REPAIRED: Final = "tool_use_failed"
_CLOSING: Final = "That is all that was recorded."


@dataclass(frozen=True)
class Conversation:
    """A question and what was answered until the model made no more calls, or failed."""

    name: str
    #: Its place among all, which makes its model's name unique.
    number: int
    interactions: tuple[Interaction, ...]

    @cached_property
    def provider(self) -> str | None:
        """The name of the record that is asked; None where there is none for such a server."""
        place = f"{self.interactions[0].host}{self.interactions[0].path}"
        return next((name for name, pattern in _PROVIDERS if name in PROVIDERS and re.fullmatch(pattern, place)), None)

    @cached_property
    def problem(self) -> str | None:
        """Why it cannot be played, if it cannot."""
        if self.provider is None:
            return f"no provider of ours speaks what was recorded of {self.interactions[0].host}"
        try:
            _ = self.answers, self.messages, self.tool_names
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            return f"the recording cannot be read: {error!r:.200}"
        return None

    @cached_property
    def request(self) -> Request:
        """The first one."""
        return Request(self.interactions[0].path, self.interactions[0].request)

    @cached_property
    def model(self) -> str:
        """The provider's name of the model: begins as the recorded one, on which capabilities depend, and tells which conversation
        is meant."""
        return f"{self.request.model}.{self.number:03}"

    @cached_property
    def answers(self) -> tuple[Said, ...]:
        """What each interaction answered."""
        return tuple(map(said.read, self.interactions))

    @property
    def is_streamed(self) -> bool:
        return self.interactions[0].is_stream

    @property
    def calls(self) -> list[tuple[int, Called]]:
        """All calls in order, each with its turn."""
        turns = [answer for answer in self.answers if answer.error is None]
        return [(turn, call) for turn, answer in enumerate(turns, 1) for call in answer.calls]

    @property
    def text(self) -> str:
        """The final answer: after calls without a recorded answer, the server's own."""
        return _CLOSING if self.answers[-1].calls else self.answers[-1].text

    @cached_property
    def tool_names(self) -> list[str]:
        """The tools that were offered or called, under names that a run may give."""
        offered = (function.name for each in self.interactions for function in Request(each.path, each.request).read().functions)
        called = (call.name for _, call in self.calls)
        return [name for name in dict.fromkeys([*offered, *called]) if TOOL_NAME.fullmatch(name)]

    @cached_property
    def messages(self) -> list[dict[str, JsonValue]]:
        """The question, with what was said before it where that is legal for all providers."""
        asked = [_posted(message) for message in self.request.read().messages]
        try:
            transcript.check(asked)
        except transcript.IllegalTranscript:
            return [message for message in asked if message["role"] not in {"assistant", "tool"}]
        return asked

    def answer(self, index: int, request: Request) -> Interaction:
        """The answer to the request at this place: an error for ever where it is the last, and a closing text after calls."""
        if index < len(self.interactions):
            return self.interactions[index]
        return self.interactions[-1] if self.answers[-1].error is not None else request.answered(_CLOSING)


@cache
def recorded() -> tuple[Conversation, ...]:
    """All conversations in formats that are known; none where there are no recordings."""
    found = [(file, each) for file in cassettes() for each in _conversations(file)]
    return tuple(Conversation(f"{file.stem}-{each[0]}", number, each[1]) for number, (file, each) in enumerate(found))


def _conversations(file: Path) -> Iterator[tuple[int, tuple[Interaction, ...]]]:
    """What the file holds, each conversation with the place of its beginning."""
    found = [each for each in interactions(file) if each.method == "POST" and isinstance(each.request, dict)]
    begin = 0
    for place in range(1, len(found) + 1):
        if place == len(found) or not _goes_on(found[place - 1], found[place]):
            yield begin, tuple(found[begin:place])
            begin = place


def _goes_on(before: Interaction, after: Interaction) -> bool:
    """Whether a request follows from the answer before it: it brings results, or tries again what may pass."""
    if before.operation != after.operation or not said.is_readable([before.operation]):
        return False
    answer, earlier, later = said.read(before), _said(before.request), _said(after.request)
    if answer.error is None:
        return bool(answer.calls) and len(later) > len(earlier)
    return is_passing(before.status, answer) and later[: len(earlier)] == earlier


def is_passing(status: int, answer: Said) -> bool:
    """Whether the same request may succeed later."""
    return status in _PASSING or answer.error.get("code") == _REPAIRED


def _said(body: Any) -> list[JsonValue]:
    """The messages, items or contents of a request."""
    messages: Any = next((body[name] for name in ("messages", "input", "contents") if name in body), None)
    return cast("list[JsonValue]", messages) if isinstance(messages, list) else [messages]


def _posted(message: ChatMessage) -> dict[str, JsonValue]:
    """The message as a caller posts it."""
    posted: dict[str, JsonValue] = {"role": message.role, "content": message.text}
    if message.calls:
        posted["tool_calls"] = [call.model_dump(mode="json") for call in message.calls]
    return posted | ({"tool_call_id": message.tool_call_id} if message.tool_call_id else {})


def playable() -> tuple[Conversation, ...]:
    """Those that can be played."""
    return tuple(conversation for conversation in recorded() if conversation.problem is None)
