"""Answers that a gateway has damaged: what is made of them, and of the turn that goes back, is an answer or a ModelError."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import chat
from orchestrator.llm.errors import ModelError
from orchestrator.llm.model import ModelRequest
from orchestrator.llm.reply import judge
from orchestrator.llm.scripted.script import Reply, ScriptedCall
from orchestrator.llm.untrusted import items, mapping
from orchestrator.messages import AssistantMessage, RawTurn, ToolMessage, UserMessage
from tests import legal

_QUESTION: Final = UserMessage(content="Go on.")
_REPLY: Final = Reply(reasoning="Hm.", content="Wait.", tool_calls=(ScriptedCall.of("lookup", a=1), ScriptedCall.of("lookup", b=[])))
_JUNK: Final = ("null", '""', "5", "true", "[]", "{}", "[null]", '"x"', '{"a": 1}', '[{"type": "text"}]', '{"type": "tool_use"}')


def damaged(body: bytes, random: Random) -> bytes:
    """The body with one to three of its values gone or become others."""
    document = json.loads(body)
    for _ in range(random.randint(1, 3)):
        holder, key = random.choice(list(_places(document)))
        if random.random() < 0.3:
            del holder[key]
        else:
            holder[key] = json.loads(random.choice(_JUNK))
    return json.dumps(document).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where each value stands."""
    held: list[tuple[Any, Any]] = list(mapping(value).items()) + list(enumerate(items(value)))
    for key, inner in held:
        yield value, key
        yield from _places(inner)


@pytest.mark.parametrize("model", [*legal.SIGNING, "openai/gpt-5-mini"])
@settings(deadline=None, max_examples=150)
@given(random=st.randoms(use_true_random=False))
def test_a_damaged_answer_leads_to_a_request_or_to_a_model_error(model: str, random: Random) -> None:
    """Anything else would make the step be tried again until the run's deadline. Whether the provider takes back what is left of its
    turn, only it can know."""
    body = legal.answer(model, _QUESTION, _REPLY)
    try:
        reply = legal.read(model, damaged(body, random))
    except ModelError:
        return
    verdict = judge(reply, {}, 1, frozenset(), 8)
    calls = tuple(chat.call(each.tool_call_id, each.name, each.arguments) for each in verdict.calls)
    turn = AssistantMessage(content=verdict.content, calls=calls, raw=RawTurn(provider=model.partition("/")[0], data=reply.raw))
    results = [ToolMessage(tool_call_id=call.id, name=call.name, content="1") for call in calls]

    legal.sent(ModelRequest(model=model, messages=(_QUESTION, turn, *results, _QUESTION), timeout_s=1))
