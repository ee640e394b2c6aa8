"""Server-sent events as JSON objects. Source: the event stream format of the HTML standard."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from orchestrator.llm import failures
from orchestrator.llm.untrusted import loaded

#: The event that OpenAI ends a stream with, which is no JSON.
DONE: Final[Mapping[str, Any]] = {"object": "done"}
_DONE_TEXT: Final = "[DONE]"


def events(chunks: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """Each event's data, however the bytes are split; comments, and events without data, are skipped. Ends after DONE.
    Raises ModelProtocolError for data that is no JSON object, such as half of one."""
    data: list[str] = []
    for line in _lines(chunks):
        if line:
            data += _data(line)
            continue
        if any(data):
            event = _event("\n".join(data))
            yield event
            if event is DONE:
                return
        data = []
    if any(data):  # The last blank line may be missing.
        yield _event("\n".join(data))


def _event(data: str) -> Mapping[str, Any]:
    if data.strip() == _DONE_TEXT:
        return DONE
    event = loaded(data)
    if not event:
        raise failures.unusable("The model provider's stream holds something that is no event.", None)
    return event


def _data(line: bytes) -> list[str]:
    """The line's part of the data. A line without a colon is a name, one that begins with it is a comment."""
    name, _, value = line.decode("utf-8-sig", errors="replace").partition(":")
    return [value.removeprefix(" ")] if name == "data" else []


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A line ends with CR LF, LF or CR. A CR at the end of a chunk waits for what follows it."""
    line, held = bytearray(), b""
    for chunk in chunks:
        text = held + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        first, *others = text.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        line += first
        for other in others:
            yield bytes(line)
            line[:] = other
    yield bytes(line)
