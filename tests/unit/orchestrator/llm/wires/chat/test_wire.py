"""The body of a chat completion's request."""

from typing import Any

import pytest

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.model import ModelRequest, NamedTool, ResponseFormat, Sampling, ToolOffer
from orchestrator.llm.wire import Target
from orchestrator.llm.wires.chat.wire import ChatWire
from orchestrator.messages import AssistantMessage, Call, Instructions, RawTurn, ToolMessage, UserMessage
from orchestrator.transcript import IllegalTranscript

ABLE = Capabilities(parallel_flag="parallel_tool_calls", strict=True, strict_with_parallel=True)
CALL = Call(id="a", name="get_weather", arguments='{"city":"Tokyo"}')
STRICT = ToolOffer(name="x", description="X.", parameters={"type": "object"}, strict_parameters={"type": "object", "required": []})
RAW: dict[str, Any] = {
    "role": "assistant",
    "content": "Let me look.",
    "reasoning_content": "Hm.",
    "reasoning_details": [{"type": "reasoning.text", "text": "Hm.", "signature": "s"}],
    "annotations": [],
    "tool_calls": [
        {"id": "old", "function": {"name": "get_weather", "arguments": ""}, "extra_content": {"google": {"thought_signature": "t"}}}
    ],
}


def body(capabilities: Capabilities = ABLE, **fields: Any) -> dict[str, Any]:
    """The body of a request with these fields."""
    request = ModelRequest(model="p/m", messages=(UserMessage(content="Hi"),), timeout_s=5).model_copy(update=fields)
    return ChatWire().body(request, Target("p", "m", capabilities))


def replayed(raw: Any, provider: str = "p", capabilities: Capabilities = ABLE, calls: tuple[Call, ...] = (CALL,)) -> dict[str, Any]:
    """An assistant message as it goes back."""
    said = AssistantMessage(content="Let me look.", calls=calls, raw=RawTurn(provider=provider, data=raw))
    return body(capabilities, messages=(said,))["messages"][0]


NEUTRAL: dict[str, Any] = {
    "role": "assistant",
    "content": "Let me look.",
    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Tokyo"}'}}],
}


def test_a_plain_request_says_no_more_than_it_must() -> None:
    """Nothing is added that was not asked for."""
    assert body() == {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def test_what_a_provider_wants_back_goes_back() -> None:
    """Thinking and signatures as they came, ids and arguments as they can be sent again."""
    assert replayed(RAW) == {
        **NEUTRAL,
        "reasoning_content": "Hm.",
        "reasoning_details": RAW["reasoning_details"],
        "tool_calls": [{**NEUTRAL["tool_calls"][0], "extra_content": {"google": {"thought_signature": "t"}}}],
    }


@pytest.mark.parametrize(
    ("raw", "provider", "capabilities"),
    [
        pytest.param(RAW, "other", ABLE, id="to-another-provider"),
        pytest.param(RAW, "p", ABLE.changed(echoed=frozenset[str]()), id="to-one-that-wants-nothing"),
        pytest.param("junk", "p", ABLE, id="junk"),
    ],
)
def test_all_others_get_our_form(raw: Any, provider: str, capabilities: Capabilities) -> None:
    """They could not read it, or would refuse it."""
    assert replayed(raw, provider, capabilities) == NEUTRAL


def test_calls_that_are_not_of_the_turn_get_nothing() -> None:
    """A signature belongs to its own call."""
    two = replayed(RAW, calls=(CALL, CALL.model_copy(update={"id": "b"})))
    assert [set(call) for call in two["tool_calls"]] == [{"id", "type", "function"}] * 2


def test_thinking_among_the_content_stays_in_its_place() -> None:
    """Mistral's form."""
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Let me look."}]
    assert replayed({**RAW, "content": content})["content"] == content


@pytest.mark.parametrize("field", ["max_completion_tokens", "max_tokens"])
def test_the_limit_has_the_name_that_the_provider_knows(field: Any) -> None:
    """The older one is known to most servers."""
    assert body(ABLE.changed(max_tokens_field=field), sampling=Sampling(max_completion_tokens=7))[field] == 7


@pytest.mark.parametrize(("known", "role"), [(True, "developer"), (False, "system")])
def test_instructions_have_a_role_that_the_provider_knows(known: bool, role: str) -> None:  # noqa: FBT001 - a table of two.
    """Most servers refuse the newer one."""
    sent = body(ABLE.changed(developer_role=known), messages=(Instructions(role="developer", content="Be brief."),))
    assert sent["messages"] == [{"role": role, "content": "Be brief."}]


def test_a_strict_tool_has_its_strict_form() -> None:
    """Any other has its own."""
    loose = STRICT.model_copy(update={"strict_parameters": None})
    sent = body(tools=(STRICT, loose), tool_choice=NamedTool(name="x"), parallel_tool_calls=True)
    assert [tool["function"] for tool in sent["tools"]] == [
        {"name": "x", "description": "X.", "parameters": {"type": "object", "required": []}, "strict": True},
        {"name": "x", "description": "X.", "parameters": {"type": "object"}},
    ]
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == ({"type": "function", "function": {"name": "x"}}, True)


def test_the_form_of_the_answer_is_a_json_schema() -> None:
    """With what it is called and is for."""
    form = ResponseFormat(name="city", answer_schema={"type": "object"}, description="A city.", strict_schema={"type": "object"})
    schema = {"name": "city", "schema": {"type": "object"}, "strict": True, "description": "A city."}
    assert body(response_format=form)["response_format"] == {"type": "json_schema", "json_schema": schema}


def test_a_stream_counts_its_tokens() -> None:
    """Unasked, OpenAI's do not."""
    assert body(stream=True)["stream_options"] == {"include_usage": True}


def test_a_body_whose_calls_are_not_answered_is_illegal() -> None:
    """It is checked as it would be sent."""
    wire, open_call = ChatWire(), AssistantMessage(calls=(CALL,))
    answer = ToolMessage(tool_call_id="a", content="1")
    wire.check(body(messages=(open_call, answer)))
    with pytest.raises(IllegalTranscript):
        wire.check(body(messages=(open_call, UserMessage(content="Hi"), answer)))
