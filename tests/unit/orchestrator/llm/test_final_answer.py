"""The final answer as the arguments of a tool."""

from typing import Any

import pytest

from orchestrator.llm import final_answer
from orchestrator.llm.model import ModelReply, ModelRequest, NamedTool, RequestedCall, ResponseFormat, ToolOffer
from orchestrator.llm.reply import judge
from orchestrator.messages import UserMessage
from tasks.messages import Outcome

FORM = ResponseFormat(name="city", answer_schema={"type": "object"}, description="A city.", strict_schema={"type": "object"})
WEATHER = ToolOffer(name="get_weather", description="", parameters={"type": "object"})
ANSWER = RequestedCall(provider_id="a", name="final_answer", arguments='{"city":"Tokyo"}')
OTHER = RequestedCall(provider_id="b", name="get_weather", arguments="{}")


def request(**fields: Any) -> ModelRequest:
    """A request for an answer in the form."""
    plain = ModelRequest(model="m", messages=(UserMessage(content="Hi"),), response_format=FORM, timeout_s=5)
    return plain.model_copy(update=fields)


def taken(*calls: RequestedCall, finish_reason: str = "tool_calls") -> ModelReply:
    """The reply with these calls as the engine gets it."""
    reply = ModelReply(content=None, calls=calls, raw={"x": 1}, finish_reason=finish_reason)
    return final_answer.taken(reply, request(), final_answer.asked(request(), FORM))


def test_the_only_tool_must_be_called() -> None:
    """There is nothing else to do."""
    sent = final_answer.asked(request(), FORM)
    assert (sent.tool_choice, sent.response_format) == (NamedTool(name="final_answer"), None)
    assert (sent.tools[0].parameters, sent.tools[0].strict_parameters) == (FORM.answer_schema, FORM.answer_schema)
    assert sent.tools[0].description.endswith("A city.")


def test_beside_other_tools_it_may_be_called() -> None:
    """The model decides when it has its answer."""
    sent = final_answer.asked(request(tools=(WEATHER,)), FORM)
    assert ([tool.name for tool in sent.tools], sent.tool_choice) == (["get_weather", "final_answer"], None)


def test_where_no_tool_shall_be_called_it_must() -> None:
    """`none` means the run's tools."""
    assert final_answer.asked(request(tools=(WEATHER,), tool_choice="none"), FORM).tool_choice == NamedTool(name="final_answer")


def test_a_tool_of_the_same_name_keeps_it() -> None:
    """Ours gets another."""
    namesake = WEATHER.model_copy(update={"name": "final_answer"})
    assert [tool.name for tool in final_answer.asked(request(tools=(namesake,)), FORM).tools] == ["final_answer", "final_answer_"]


@pytest.mark.parametrize(("finish_reason", "becomes"), [("tool_calls", "stop"), ("length", "length"), ("stop", "stop")])
def test_its_call_is_the_answer(finish_reason: str, becomes: str) -> None:
    """An answer that was cut stays cut."""
    reply = taken(ANSWER, finish_reason=finish_reason)
    assert (reply.content, reply.calls, reply.raw, reply.finish_reason) == (ANSWER.arguments, (), None, becomes)


@pytest.mark.parametrize("arguments", ["", "null"])
def test_no_arguments_are_an_empty_object(arguments: str) -> None:
    """As for every call."""
    assert taken(ANSWER.model_copy(update={"arguments": arguments})).content == "{}"


def test_beside_other_calls_it_is_too_early() -> None:
    """The model has not seen their results; the others run, and it is told to answer later."""
    reply = taken(ANSWER, OTHER)
    assert reply.calls == (ANSWER, OTHER)
    answer = judge(reply, {}, 1, (), 8).calls[0].answer
    assert answer is not None
    assert answer.error is not None
    assert (answer.outcome, answer.error.code) == (Outcome.SKIPPED, "final_answer_not_alone")


def test_a_call_of_that_name_is_a_call_where_no_form_was_asked_for() -> None:
    """Or where the provider has its own means."""
    plain = request(response_format=None)
    reply = ModelReply(content=None, calls=(ANSWER,))
    assert final_answer.taken(reply, plain, plain) == reply
