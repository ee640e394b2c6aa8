"""A conversation, put together from what is stored once: the input of its runs, their turns, their calls."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from pydantic import JsonValue

from orchestrator import call_ids, chat
from orchestrator.messages import AssistantMessage, Message, RawTurn, ToolMessage, UserMessage
from orchestrator.store.chain import Link
from orchestrator.tables import ToolCall, Turn
from tasks.messages import Outcome


def conversation(links: Sequence[Link]) -> tuple[Message, ...]:
    """All messages of runs that continue each other, in order. A call without an answer yet has no tool message."""
    return tuple(
        _told_apart(message for link in links for message in (*chat.read(link.run.messages), *_since(link.turns, link.calls, raw=True)))
    )


def transcript(links: Sequence[Link]) -> list[Mapping[str, JsonValue]]:
    """The same in OpenAI's chat form, what was posted as it was posted."""
    return [message for link in links for message in (*link.run.messages, *map(chat.as_chat, _since(link.turns, link.calls, raw=False)))]


def _told_apart(messages: Iterable[Message]) -> Iterator[Message]:
    """With ids that name one call each. Posted ones may come again in a later message, as Kimi's do, or be longer than providers
    take; those of turns are told apart when they are recorded."""
    taken: set[str] = set()
    known: dict[str, str] = {}
    for message in messages:
        match message:
            case AssistantMessage(calls=calls):
                known = {}
                for call in calls:
                    known[call.id] = call_ids.free(call_ids.usable(call.id) or f"call_{len(taken)}", taken)
                    taken.add(known[call.id])
                yield message.model_copy(update={"calls": tuple(call.model_copy(update={"id": known[call.id]}) for call in calls)})
            case ToolMessage(tool_call_id=tool_call_id):
                yield message.model_copy(update={"tool_call_id": known.get(tool_call_id, tool_call_id)})
            case _:
                yield message


def _since(turns: Sequence[Turn], calls: Sequence[ToolCall], *, raw: bool) -> list[Message]:
    """What was added to the input."""
    by_turn = {turn: list(group) for turn, group in groupby(calls, key=lambda call: call.turn)}
    return [message for turn in turns for message in _turn(turn, by_turn.get(turn.turn, []), raw=raw)]


def _turn(turn: Turn, calls: Sequence[ToolCall], *, raw: bool) -> list[Message]:
    said = AssistantMessage(
        content=turn.content,
        refusal=turn.refusal,
        calls=tuple(chat.call(call.tool_call_id, call.name, call.arguments) for call in calls),
        raw=RawTurn(provider=turn.provider, data=turn.raw) if raw and turn.raw is not None else None,
    )
    answers = [_answer(call, call.content) for call in calls if call.content is not None]
    return [said, *answers, *([UserMessage(content=turn.feedback)] if turn.feedback else [])]


def _answer(call: ToolCall, content: str) -> ToolMessage:
    return ToolMessage(tool_call_id=call.tool_call_id, name=call.name, content=content, is_error=call.status != Outcome.SUCCEEDED)
