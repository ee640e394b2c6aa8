"""Conversations as Anthropic's turns. Numbers are those of the field reports."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from orchestrator.llm.scripted.checks.messages import check as provider_check
from orchestrator.llm.wires.messages import pairing
from orchestrator.llm.wires.messages.turns import system, turns, wire_id
from orchestrator.messages import AssistantMessage, Call, Image, Instructions, Message, RawTurn, Text, ToolMessage, UserMessage

PNG = base64.b64encode(b"png").decode()
QUESTION = UserMessage(content="Weather in Tokyo and Paris?")
TOKYO = Call(id="toolu_1", name="get_weather", arguments='{"city": "Tokyo"}')
PARIS = Call(id="toolu_2", name="get_weather", arguments='{"city": "Paris"}')
SIGNED: dict[str, JsonValue] = {"type": "thinking", "thinking": "Two cities.", "signature": "c2lnbmVk"}


def use(call: Call, **changes: Any) -> dict[str, Any]:
    """A call's block as Anthropic writes it."""
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": {"city": "Tokyo" if call is TOKYO else "Paris"}} | changes


def answered(call: Call, content: str = "Sunny.", **fields: Any) -> ToolMessage:
    """The answer to a call."""
    return ToolMessage(tool_call_id=call.id, name=call.name, content=content, **fields)


def sent(*messages: Message) -> list[Any]:
    """The turns, which both our check and the scripted provider's take."""
    found = turns(messages, "anthropic")
    pairing.check(found)  # pyright: ignore[reportArgumentType] - JSON
    provider_check({"model": "m", "max_tokens": 1, "messages": found, "tools": [{"name": "get_weather", "input_schema": {}}]})
    return found


def blocks(*messages: Message) -> list[Any]:
    """The blocks of the last turn."""
    return sent(*messages)[-1]["content"]


def raw(*data: JsonValue, calls: tuple[Call, ...] = (TOKYO, PARIS), provider: str = "anthropic") -> AssistantMessage:
    """A turn that its provider wrote so."""
    return AssistantMessage(content="Let me look.", calls=calls, raw=RawTurn(provider=provider, data=list(data)))


def test_instructions_are_one_text_and_no_turn() -> None:
    """Those of the developer too, wherever they stand."""
    messages = (Instructions(content="Be brief."), QUESTION, Instructions(role="developer", content=(Text(text="In French."),)))
    assert system(messages) == "Be brief.\n\nIn French."
    assert sent(*messages) == [{"role": "user", "content": [{"type": "text", "text": "Weather in Tokyo and Paris?"}]}]


def test_all_results_are_in_one_turn_in_the_order_of_the_calls() -> None:
    """31 pydantic-ai#741, 32 kosong#45, 51 vercel/ai#16577."""
    found = sent(QUESTION, AssistantMessage(calls=(TOKYO, PARIS)), answered(PARIS, "Rain."), answered(TOKYO, "Sun."))
    assert [turn["role"] for turn in found] == ["user", "assistant", "user"]
    assert found[-1]["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Sun."},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": "Rain."},
    ]


def test_what_the_user_says_next_comes_behind_the_results_in_the_same_turn() -> None:
    """35 pydantic-ai#2360, 36 pydantic-ai#7878: text before or between results is refused."""
    found = sent(QUESTION, AssistantMessage(calls=(TOKYO,)), answered(TOKYO), UserMessage(content="And Rome?"), UserMessage(content="Now."))
    assert [block["type"] for block in found[-1]["content"]] == ["tool_result", "text", "text"]


def test_a_failed_call_is_marked() -> None:
    """The flag is the API's; a call that succeeded has none."""
    failed, good = blocks(
        QUESTION, AssistantMessage(calls=(TOKYO, PARIS)), answered(TOKYO, "No such city.", is_error=True), answered(PARIS)
    )
    assert (failed["is_error"], failed["content"], "is_error" in good) == (True, "No such city.", False)


def test_images_of_a_result_stay_in_the_result() -> None:
    """33 jcode#276: split from it they would separate it from its call."""
    content = (Text(text="A map."), Image(url=f"data:image/png;base64,{PNG}"), Text(text=" "))
    (result,) = blocks(QUESTION, AssistantMessage(calls=(TOKYO,)), ToolMessage(tool_call_id="toolu_1", content=content))
    assert [part["type"] for part in result["content"]] == ["text", "image"]


def test_the_result_of_a_failed_call_holds_text_alone() -> None:
    """The API refuses all else beside is_error."""
    content = (Image(url="https://example.com/a.png"), Text(text="Broken."))
    (result,) = blocks(QUESTION, AssistantMessage(calls=(TOKYO,)), ToolMessage(tool_call_id="toolu_1", content=content, is_error=True))
    assert result["content"] == "Broken."


@pytest.mark.parametrize("content", ["", " \n", ()])
def test_an_empty_result_has_no_content(content: Any) -> None:
    """It is still the answer to its call."""
    assert blocks(QUESTION, AssistantMessage(calls=(TOKYO,)), ToolMessage(tool_call_id="toolu_1", content=content)) == [
        {"type": "tool_result", "tool_use_id": "toolu_1"}
    ]


@pytest.mark.parametrize(
    ("url", "source"),
    [
        pytest.param("https://example.com/a.png", {"type": "url", "url": "https://example.com/a.png"}, id="url"),
        pytest.param(f"data:image/png;base64,{PNG}", {"type": "base64", "media_type": "image/png", "data": PNG}, id="data-url"),
    ],
)
def test_an_image_goes_by_its_url_or_with_its_data(url: str, source: dict[str, str]) -> None:
    """A detail has no place in this API."""
    assert blocks(UserMessage(content=(Image(url=url, detail="low"),))) == [{"type": "image", "source": source}]


def test_blank_texts_are_never_sent() -> None:
    """The API refuses them; a turn that is nothing else is left out."""
    found = sent(QUESTION, AssistantMessage(content=" "), UserMessage(content=(Text(text=""), Text(text="Well?"))))
    assert found == [{"role": "user", "content": [*sent(QUESTION)[0]["content"], {"type": "text", "text": "Well?"}]}]


def test_a_conversation_that_the_assistant_begins_gets_a_turn_of_the_user() -> None:
    """The API takes none without."""
    assert [turn["role"] for turn in sent(AssistantMessage(content="Hello! How can I help?"), QUESTION)] == ["user", "assistant", "user"]


def test_a_refusal_is_what_the_assistant_said() -> None:
    """Where it said nothing else."""
    assert sent(QUESTION, AssistantMessage(refusal="No."), QUESTION)[1]["content"] == [{"type": "text", "text": "No."}]


def test_thinking_goes_back_unmodified_and_in_place() -> None:
    """44 claude-code#63835: also between calls."""
    secret: JsonValue = {"type": "redacted_thinking", "data": "eHg="}
    first: tuple[JsonValue, ...] = (SIGNED, {"type": "text", "text": "Let me look."}, use(TOKYO), secret, use(PARIS))
    found = sent(QUESTION, raw(*first), answered(TOKYO), answered(PARIS))
    assert found[1]["content"] == list(first)


def test_ids_in_a_turn_of_the_provider_become_ours_where_they_differ() -> None:
    """29 meridian#528, 48 hermes#67777: an id that came twice is made unique, and the results go by the new one."""
    again = PARIS.model_copy(update={"id": "toolu_1_d1"})
    found = sent(QUESTION, raw(SIGNED, use(TOKYO), use(PARIS, id="toolu_1"), calls=(TOKYO, again)), answered(TOKYO), answered(again))
    assert found[1]["content"] == [SIGNED, use(TOKYO), use(PARIS, id="toolu_1_d1")]
    assert [block["tool_use_id"] for block in found[2]["content"]] == ["toolu_1", "toolu_1_d1"]


def test_an_input_that_is_no_object_is_replaced() -> None:
    """The API would refuse the whole turn for it."""
    broken = TOKYO.model_copy(update={"arguments": '{"INVALID_JSON": "[1]"}'})
    found = sent(QUESTION, raw(SIGNED, use(TOKYO, input=[1]), calls=(broken,)), answered(TOKYO, "Invalid.", is_error=True))
    assert found[1]["content"][1]["input"] == {"INVALID_JSON": "[1]"}


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(raw(SIGNED, use(TOKYO), use(PARIS), provider="google"), id="another-provider"),
        pytest.param(raw(SIGNED, use(TOKYO)), id="other-calls"),
        pytest.param(raw(), id="empty"),
        pytest.param(AssistantMessage(content="Let me look.", calls=(TOKYO, PARIS)), id="none"),
    ],
)
def test_a_turn_without_anything_of_ours_to_replay_goes_in_neutral_form(message: AssistantMessage) -> None:
    """What another provider wrote says nothing here."""
    found = sent(QUESTION, message, answered(TOKYO), answered(PARIS))
    assert found[1]["content"] == [{"type": "text", "text": "Let me look."}, use(TOKYO), use(PARIS)]


@pytest.mark.parametrize(
    ("call_id", "sent_id"),
    [
        pytest.param("toolu_1", "toolu_1", id="its-own"),
        pytest.param("functions.get_weather:0", wire_id("functions.get_weather:0"), id="kimi"),
        pytest.param("ü", wire_id("ü"), id="letters"),
    ],
)
def test_ids_of_other_providers_are_written_in_letters_that_the_api_takes(call_id: str, sent_id: str) -> None:
    """The same for the call and its result, and the same in every turn."""
    call = TOKYO.model_copy(update={"id": call_id})
    found = sent(QUESTION, AssistantMessage(calls=(call,)), answered(call))
    assert (found[1]["content"][0]["id"], found[2]["content"][0]["tool_use_id"]) == (sent_id, sent_id)


def test_ids_that_differ_in_such_letters_alone_stay_apart() -> None:
    """Else two calls would become one."""
    assert wire_id("a.b") != wire_id("a:b")


TEXTS = st.sampled_from(["", " ", "Hi", "Köln\n"])
IDS = st.text(min_size=1, max_size=8)
REPLAYED = st.lists(st.sampled_from(["thinking", "text", "blank"]), max_size=3)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Any legal conversation, with ids that are unique in it."""
    ids = iter(draw(st.lists(IDS, unique=True, min_size=12, max_size=12)))
    found: list[Message] = [UserMessage(content="Hi")] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(0, 3))):
        calls = tuple(Call(id=next(ids), name="get_weather", arguments="{}") for _ in range(draw(st.integers(0, 3))))
        thought = [SIGNED for _ in range(draw(st.integers(0, 2)))]
        data: list[JsonValue] = [*thought, *({"type": "tool_use", "id": "x", "name": "get_weather", "input": {}} for _ in calls)]
        turn = AssistantMessage(
            content=draw(TEXTS), calls=calls, raw=RawTurn(provider=draw(st.sampled_from(["anthropic", "google"])), data=data)
        )
        found += [turn, *(ToolMessage(tool_call_id=call.id, content=draw(TEXTS), is_error=draw(st.booleans())) for call in calls)]
        found += draw(st.lists(st.builds(UserMessage, content=TEXTS) | st.builds(Instructions, content=TEXTS), max_size=2))
    return [*found, UserMessage(content="Go on.")]


@given(conversations())
@settings(deadline=None)
def test_every_legal_conversation_is_legal_for_the_provider(messages: list[Message]) -> None:
    """Whoever wrote its turns, and whatever was left empty."""
    assert sent(*messages)
