"""The body of a request to the Responses API, and how its items are paired."""

from typing import Any

import pytest

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.model import ModelRequest, NamedTool, ResponseFormat, Sampling, ToolOffer
from orchestrator.llm.wire import Target
from orchestrator.llm.wires.responses.wire import ResponsesWire
from orchestrator.messages import AssistantMessage, Call, Image, Instructions, RawTurn, Text, ToolMessage, UserMessage
from orchestrator.transcript import IllegalTranscript

ABLE = Capabilities(parallel_flag="parallel_tool_calls", strict=True, strict_with_parallel=True)
CALLS = (Call(id="a", name="x", arguments='{"n":1}'), Call(id="b", name="y", arguments="{}"))
ANSWERS = (ToolMessage(tool_call_id="a", content="1"), ToolMessage(tool_call_id="b", content="2", is_error=True))


def body(capabilities: Capabilities = ABLE, **fields: Any) -> dict[str, Any]:
    """The body of a request with these fields."""
    request = ModelRequest(model="p/m", messages=(UserMessage(content="Hi"),), timeout_s=5).model_copy(update=fields)
    return ResponsesWire().body(request, Target("p", "m", capabilities))


def replayed(*output: dict[str, Any], calls: tuple[Call, ...] = CALLS, provider: str = "p") -> list[dict[str, Any]]:
    """The items of an assistant message that came as this output."""
    said = AssistantMessage(content="Let me.", calls=calls, raw=RawTurn(provider=provider, data=list(output)))
    return body(messages=(said,))["input"]


def reasoning(number: int) -> dict[str, Any]:
    """A reasoning item."""
    return {"type": "reasoning", "id": f"rs_{number}", "summary": [], "encrypted_content": "x"}


def function_call(number: int) -> dict[str, Any]:
    """A call as the provider gave it."""
    return {"type": "function_call", "id": f"fc_{number}", "call_id": "same", "name": "x", "arguments": "", "status": "completed"}


def message(number: int) -> dict[str, Any]:
    """Words between the calls."""
    return {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": [{"type": "output_text", "text": "Let me."}]}


NEUTRAL = [
    {"role": "assistant", "content": "Let me."},
    {"type": "function_call", "call_id": "a", "name": "x", "arguments": '{"n":1}'},
    {"type": "function_call", "call_id": "b", "name": "y", "arguments": "{}"},
]


def test_nothing_is_stored_and_reasoning_comes_encrypted() -> None:
    """Each request holds the whole conversation."""
    assert body() == {
        "model": "m",
        "input": [{"role": "user", "content": "Hi"}],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    assert "include" not in body(ABLE.changed(encrypted_reasoning=False))


def test_messages_become_items() -> None:
    """Calls and their outputs are items of their own, in the calls' order."""
    question = UserMessage(content=(Text(text="What is it?"), Image(url="https://x.test/a.png")), name="anna")
    messages = (Instructions(role="developer", content="Be brief."), question, AssistantMessage(content="Let me.", calls=CALLS), *ANSWERS)
    assert body(messages=messages)["input"] == [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is it?"},
                {"type": "input_image", "image_url": "https://x.test/a.png", "detail": "auto"},
            ],
        },
        *NEUTRAL,
        {"type": "function_call_output", "call_id": "a", "output": "1"},
        {"type": "function_call_output", "call_id": "b", "output": "2"},
    ]


@pytest.mark.parametrize(
    ("said", "text"),
    [(AssistantMessage(content="Sunny."), "Sunny."), (AssistantMessage(refusal="No."), "No."), (AssistantMessage(), "")],
)
def test_a_turn_without_calls_is_a_message(said: AssistantMessage, text: str) -> None:
    """Even where it says nothing."""
    assert body(messages=(said,))["input"] == [{"role": "assistant", "content": text}]


def test_reasoning_goes_back_with_what_it_led_to() -> None:
    """As it came, but for the ids and arguments that cannot be sent again."""
    items = replayed(reasoning(1), function_call(1), reasoning(2), function_call(2))
    assert [item["id"] for item in items] == ["rs_1", "fc_1", "rs_2", "fc_2"]
    assert items[0] == reasoning(1)
    assert [(item["call_id"], item["name"], item["arguments"]) for item in items[1::2]] == [("a", "x", '{"n":1}'), ("b", "y", "{}")]


def test_nothing_is_said_between_two_calls() -> None:
    """52: DeepSeek then misses the outputs."""
    items = replayed(reasoning(1), function_call(1), reasoning(2), message(1), function_call(2))
    assert [item["id"] for item in items] == ["rs_2", "msg_1", "rs_1", "fc_1", "fc_2"]


def test_reasoning_that_led_to_nothing_stays_away() -> None:
    """It is refused without its following item."""
    assert [item["id"] for item in replayed(reasoning(1), function_call(1), function_call(2), reasoning(2))] == ["rs_1", "fc_1", "fc_2"]


def test_an_items_id_is_given_once() -> None:
    """49, opencode#32748: Azure refuses a second one. Only reasoning, which is bound to its id, then goes without."""
    given = replayed(function_call(1), reasoning(2), function_call(1), reasoning(1), message(1), reasoning(1), message(1))
    assert [item.get("id") for item in given] == ["rs_1", "msg_1", None, "msg_1_d1", "fc_1", "rs_2", "fc_1_d1"]


@pytest.mark.parametrize(
    ("output", "provider"),
    [
        pytest.param([reasoning(1), function_call(1), function_call(2)], "other", id="to-another-provider"),
        pytest.param([reasoning(1), function_call(1)], "p", id="not-of-this-turn"),
        pytest.param(["junk"], "p", id="junk"),
    ],
)
def test_all_others_get_our_form(output: list[Any], provider: str) -> None:
    """What cannot be given back is left out."""
    assert replayed(*output, provider=provider) == NEUTRAL


def test_tools_are_flat_and_say_that_they_are_not_strict() -> None:
    """Unsaid, they would be."""
    strict = ToolOffer(name="x", description="X.", parameters={"type": "object"}, strict_parameters={"type": "object", "required": []})
    sent = body(
        tools=(strict, strict.model_copy(update={"strict_parameters": None})), tool_choice=NamedTool(name="x"), parallel_tool_calls=False
    )
    assert sent["tools"] == [
        {"type": "function", "name": "x", "description": "X.", "parameters": {"type": "object", "required": []}, "strict": True},
        {"type": "function", "name": "x", "description": "X.", "parameters": {"type": "object"}, "strict": False},
    ]
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == ({"type": "function", "name": "x"}, False)


def test_options_have_their_own_names_here() -> None:
    """Those that there are."""
    form = ResponseFormat(name="city", answer_schema={"type": "object"})
    sent = body(sampling=Sampling(temperature=0.5, max_completion_tokens=7, reasoning_effort="low"), response_format=form)
    assert (sent["temperature"], sent["max_output_tokens"], sent["reasoning"]) == (0.5, 7, {"effort": "low"})
    assert sent["text"] == {"format": {"type": "json_schema", "name": "city", "schema": {"type": "object"}, "strict": False}}


USER = {"role": "user", "content": "Hi"}


def output_of(call_id: str) -> dict[str, Any]:
    """The output of a call."""
    return {"type": "function_call_output", "call_id": call_id, "output": "1"}


def called(call_id: str) -> dict[str, Any]:
    """A call."""
    return {"type": "function_call", "call_id": call_id, "name": "x", "arguments": "{}"}


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([USER, called("a"), called("b"), output_of("b"), output_of("a")], id="any-order"),
        pytest.param([USER, reasoning(1), called("a"), reasoning(2), called("b"), output_of("a"), output_of("b")], id="reasoning"),
        pytest.param([USER, called("a"), output_of("a"), called("a"), output_of("a"), USER], id="id-again-later"),
    ],
)
def test_legal_items_pass(items: list[dict[str, Any]]) -> None:
    """What the provider takes is not refused."""
    ResponsesWire().check({"input": list(items)})


@pytest.mark.parametrize(
    ("items", "path"),
    [
        pytest.param([], "input", id="nothing"),
        pytest.param([USER, called("a")], "input.1", id="open-at-the-end-octofriend#233"),
        pytest.param([USER, called("a"), USER, output_of("a")], "input.1", id="words-between"),
        pytest.param([USER, called("a"), message(1), called("b"), output_of("a"), output_of("b")], "input.1", id="52-deepseek-interleaved"),
        pytest.param([USER, called("a"), called("b"), output_of("a"), called("c")], "input.2", id="another-call-too-early"),
        pytest.param([USER, output_of("a")], "input.1.call_id", id="orphan"),
        pytest.param([USER, called("a"), output_of("a"), output_of("a")], "input.3.call_id", id="answered-twice"),
        pytest.param([USER, called("a"), called("a"), output_of("a")], "input.2.call_id", id="id-twice"),
        pytest.param([USER, called(""), output_of("")], "input.1.call_id", id="empty-id"),
        pytest.param([USER, reasoning(1), USER], "input.1", id="reasoning-alone"),
        pytest.param([USER, reasoning(1)], "input.1", id="reasoning-at-the-end"),
    ],
)
def test_illegal_items_are_refused_with_their_place(items: list[Any], path: str) -> None:
    """Before they are sent."""
    with pytest.raises(IllegalTranscript) as caught:
        ResponsesWire().check({"input": items})
    assert caught.value.path == path
