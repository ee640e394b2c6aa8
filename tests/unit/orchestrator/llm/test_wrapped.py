"""Calls inside a call."""

import json
from typing import Any

import pytest

from orchestrator.llm.model import ModelReply, RequestedCall
from orchestrator.llm.wrapped import WRAPPER, unpacked


def wrapping(uses: Any, **fields: Any) -> ModelReply:
    """A reply whose call wraps these."""
    call = RequestedCall(provider_id="a", name=WRAPPER, arguments=json.dumps({"tool_uses": uses}))
    return ModelReply(content=None, calls=(call,), raw={"x": 1}).model_copy(update=fields)


def test_the_inner_calls_take_its_place() -> None:
    """In their order, and between the other calls."""
    uses = [{"recipient_name": "functions.get_weather", "parameters": {"city": "Tokyo"}}, {"recipient_name": "get_news"}]
    other = RequestedCall(provider_id="b", name="get_time", arguments="{}")
    wrapper = wrapping(uses).calls[0]
    reply = unpacked(wrapping(uses, calls=(wrapper, other, wrapper)))
    assert [call.name for call in reply.calls] == ["get_weather", "get_news", "get_time", "get_weather", "get_news"]
    assert (reply.calls[0].arguments, reply.calls[1].arguments, reply.calls[0].provider_id) == ('{"city": "Tokyo"}', "{}", None)


def test_the_raw_turn_goes_with_it() -> None:
    """It would be replayed with the wrapper."""
    assert unpacked(wrapping([{"recipient_name": "x"}])).raw is None


@pytest.mark.parametrize("uses", [None, [], [None], [{}], [{"recipient_name": 7}], [{"recipient_name": "x"}, {"parameters": {}}], "x"])
def test_what_does_not_say_what_to_call_stays(uses: Any) -> None:
    """It is answered with an error that explains it."""
    assert unpacked(wrapping(uses)) == wrapping(uses)


def test_a_wrapper_that_was_cut_stays() -> None:
    """Nothing of it can be run."""
    cut = wrapping([], calls=(RequestedCall(provider_id="a", name=WRAPPER, arguments='{"tool_uses": [{"recip'),))
    assert unpacked(cut) == cut


def test_other_replies_stay_as_they_are() -> None:
    """With their raw turn."""
    reply = ModelReply(content="Hi", calls=(RequestedCall(provider_id="a", name="x", arguments="{}"),), raw={"x": 1})
    assert unpacked(reply) is reply
