"""Where a conversation stands: what the user asked last, and what has happened since."""

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.llm.scripted.request import ChatMessage, MessageCall

_PLACEHOLDER = re.compile(r"\{(tool_results|last_user)\}")


class Result(NamedTuple):
    """A tool message and the call that it answers."""

    call: MessageCall
    content: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The part of a transcript that begins with the last user message."""

    question: str
    step: int
    results: tuple[Result, ...]

    def fill(self, template: str) -> str:
        """The template with the tool results and the last user message put in. What they hold is not filled again."""
        texts = {"tool_results": "\n".join(result.content for result in self.results), "last_user": self.question}
        return _PLACEHOLDER.sub(lambda match: texts[match[1]], template)


def standing(messages: tuple[ChatMessage, ...]) -> Standing:
    """The step is the number of assistant messages since the last user message. It is read from the transcript alone, so that
    a repeated request gets the same reply and any number of conversations may run at once."""
    start = max((position for position, message in enumerate(messages) if message.role == "user"), default=-1)
    since = messages[start + 1 :]
    return Standing(
        question=messages[start].text if start >= 0 else "",
        step=sum(message.role == "assistant" for message in since),
        results=_results(since),
    )


def _results(messages: tuple[ChatMessage, ...]) -> tuple[Result, ...]:
    calls: dict[str | None, MessageCall] = {}
    found: list[Result] = []
    for message in messages:
        calls.update({call.id: call for call in message.calls})
        if message.role == "tool":
            found.append(Result(calls[message.tool_call_id], message.text))
    return tuple(found)


def characters(messages: tuple[ChatMessage, ...]) -> int:
    """How much text the messages hold, with the names and arguments of their tool calls."""
    return sum(
        len(message.text) + sum(len(call.function.name) + len(call.function.arguments) for call in message.calls) for message in messages
    )


def digest(messages: tuple[ChatMessage, ...]) -> bytes:
    """Tells conversations apart, as attempts at the same model call are counted."""
    summed = hashlib.blake2b(digest_size=16)
    for message in messages:
        summed.update(message.model_dump_json().encode())
    return summed.digest()
