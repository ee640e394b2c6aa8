"""Conversations as Gemini's contents. Numbers in the names of cases are those of field reports."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.llm.scripted.checks import gemini
from orchestrator.llm.wires.gemini import pairing
from orchestrator.llm.wires.gemini.contents import SKIPPED_SIGNATURE, contents, instructions
from orchestrator.messages import AssistantMessage, Call, Content, Image, Instructions, Message, RawTurn, Text, ToolMessage, UserMessage

ASKED = UserMessage(content="Weather?")
SIGNED = {"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}, "id": "g1"}, "thoughtSignature": "c2ln+/=="}
UNSIGNED = {"functionCall": {"name": "get_weather", "args": {"city": "Rome"}}, "unknown": [1]}


def turn(*cities: str, raw: Any = None, provider: str = "google", content: str | None = None) -> AssistantMessage:
    """The model asks for the weather of each city."""
    calls = tuple(Call(id=f"call_{city}", name="get_weather", arguments=json.dumps({"city": city})) for city in cities)
    kept = None if raw is None else RawTurn(provider=provider, data={"role": "model", "parts": raw})
    return AssistantMessage(content=content, calls=calls, raw=kept)


def result(city: str, content: Content = "Sunny.", *, is_error: bool = False) -> ToolMessage:
    """The result of that city's call."""
    return ToolMessage(tool_call_id=f"call_{city}", name="get_weather", content=content, is_error=is_error)


def made(*messages: Message, signed: bool = False) -> list[Any]:
    """The contents, of which the check of pairs and the scripted model find nothing wrong."""
    found = contents(messages, "google", signed=signed)
    pairing.check({"contents": found})
    gemini.check({"contents": found}, model="" if signed else "gemini-2.5-pro")
    return found


def responses(content: Any) -> list[Any]:
    """Its function responses."""
    return [part["functionResponse"] for part in content["parts"]]


@pytest.mark.parametrize("report", [pytest.param(40, id="40-eino-ext#571-semantic-kernel#10597-#12528")])
def test_all_results_are_in_one_turn_in_the_order_of_the_calls(report: int) -> None:
    """Whatever the order in which they came."""
    assert report
    found = made(ASKED, turn("Oslo", "Rome"), result("Rome", "Wet."), result("Oslo"), UserMessage(content="And?"))
    assert [content["role"] for content in found] == ["user", "model", "user", "user"]
    assert responses(found[2]) == [
        {"name": "get_weather", "response": {"output": "Sunny."}},
        {"name": "get_weather", "response": {"output": "Wet."}},
    ]
    assert found[3] == {"role": "user", "parts": [{"text": "And?"}]}


@pytest.mark.parametrize("report", [pytest.param(41, id="41-js-genai#1275"), pytest.param(42, id="42-gemini-cli#28579")])
def test_a_turn_goes_back_as_gemini_wrote_it(report: int) -> None:
    """All of its parts in one content, with signatures, thoughts and fields that we do not know."""
    assert report
    raw = [{"text": "Hm.", "thought": True}, SIGNED, UNSIGNED]
    found = made(ASKED, turn("Oslo", "Rome", raw=raw), result("Oslo"), result("Rome"), signed=True)
    assert found[1] == {"role": "model", "parts": raw}


def test_ids_go_back_where_gemini_gave_them() -> None:
    """Ours do not: it would not know them."""
    found = made(ASKED, turn("Oslo", "Rome", raw=[SIGNED, UNSIGNED]), result("Oslo"), result("Rome"))
    assert [response.get("id") for response in responses(found[2])] == ["g1", None]


@pytest.mark.parametrize("report", [pytest.param(43, id="43-zed#63932")])
def test_calls_of_another_model_are_marked_as_such(report: int) -> None:
    """Gemini 3, on Vertex AI above all, refuses a call without a signature; only the first of a turn has one."""
    assert report
    found = made(ASKED, turn("Oslo", "Rome", raw=[SIGNED, UNSIGNED], provider="vertex"), result("Oslo"), result("Rome"), signed=True)
    assert [part.get("thoughtSignature") for part in found[1]["parts"]] == [SKIPPED_SIGNATURE, None]
    assert ["id" in part["functionCall"] for part in found[1]["parts"]] == [False, False]


def test_earlier_models_get_no_mark() -> None:
    """They know no such word."""
    found = made(ASKED, turn("Oslo"), result("Oslo"))
    assert found[1]["parts"] == [{"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}}}]


def test_a_raw_turn_that_is_not_the_message_any_more_is_left() -> None:
    """Calls were taken out or put in since: results would not find theirs."""
    found = made(ASKED, turn("Oslo", raw=[SIGNED, UNSIGNED]), result("Oslo"))
    assert found[1]["parts"] == [{"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}}}]


@pytest.mark.parametrize(
    "called",
    [
        pytest.param({"name": "get weather", "args": {"city": "Oslo"}}, id="name"),
        pytest.param({"name": "x" * 65, "args": {}}, id="long-name"),
        pytest.param({"args": {}}, id="no-name"),
        pytest.param({"name": "get_weather", "args": "Oslo"}, id="arguments"),
        pytest.param({"name": "get_weather", "args": {}, "id": ""}, id="empty-id"),
    ],
)
def test_a_call_that_gemini_would_not_take_back_goes_in_our_form(called: dict[str, Any]) -> None:
    """Its signature is not that call's any more. The rest of the turn goes as it was."""
    raw = [{"text": "Hm.", "thought": True}, {"functionCall": called, "thoughtSignature": "c2ln"}, UNSIGNED]
    found = made(ASKED, turn("Oslo", "Rome", raw=raw), result("Oslo"), result("Rome"), signed=True)
    ours = {"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}}, "thoughtSignature": SKIPPED_SIGNATURE}
    assert found[1]["parts"] == [raw[0], ours, UNSIGNED]


@pytest.mark.parametrize(("name", "sent"), [("1st", "_1st"), ("-", "_-"), ("2" * 64, "_" + "2" * 63)])
def test_names_begin_with_a_letter(name: str, sent: str) -> None:
    """Those of other providers' calls need not."""
    called = AssistantMessage(calls=(Call(id="a", name=name, arguments="{}"),))
    found = made(ASKED, called, ToolMessage(tool_call_id="a", name=name, content="1"))
    assert found[1]["parts"][0]["functionCall"]["name"] == responses(found[2])[0]["name"] == sent


@pytest.mark.parametrize(
    ("text", "output"),
    [
        pytest.param('{"a": [1, 0.5]}', {"a": [1, 0.5]}, id="object"),
        pytest.param("21 degrees", "21 degrees", id="text"),
        pytest.param("[1]", "[1]", id="list"),
        pytest.param('{"id": 1234567890123456789}', '{"id": 1234567890123456789}', id="integer-beyond-a-double"),
        pytest.param('{"a": NaN}', '{"a": NaN}', id="no-json"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_result_is_under_output(text: str, output: Any) -> None:
    """An object as such, unless something would be lost."""
    found = made(ASKED, turn("Oslo"), result("Oslo", text))
    assert responses(found[2])[0]["response"] == {"output": output}


def test_a_failure_is_under_error() -> None:
    """The SDK documents that key."""
    found = made(ASKED, turn("Oslo"), result("Oslo", "Timed out.", is_error=True))
    assert responses(found[2])[0]["response"] == {"error": "Timed out."}


def test_images_of_results_follow_them() -> None:
    """The results stay one turn of nothing else."""
    picture = (Text(text="Look:"), Image(url="data:image/png;base64,AAAA"))
    found = made(ASKED, turn("Oslo", "Rome"), result("Oslo", picture), result("Rome"))
    assert [len(content["parts"]) for content in found] == [1, 2, 2, 2]
    assert found[3]["parts"][1] == {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://x.test/a.png?size=1", {"fileData": {"fileUri": "https://x.test/a.png?size=1", "mimeType": "image/png"}}),
        ("https://x.test/a", {"fileData": {"fileUri": "https://x.test/a", "mimeType": "image/jpeg"}}),
        ("data:image/svg+xml,%3Csvg/%3E", {"inlineData": {"mimeType": "image/svg+xml", "data": "PHN2Zy8+"}}),
    ],
)
def test_images_are_sent_by_address_or_by_bytes(url: str, part: Any) -> None:
    """Always with their type."""
    assert made(UserMessage(content=(Image(url=url),)))[0]["parts"] == [part]


def test_instructions_are_apart() -> None:
    """Wherever they stood."""
    told = (Instructions(content="Be brief."), ASKED, Instructions(role="developer", content="In French."))
    assert instructions(told) == [{"text": "Be brief."}, {"text": "In French."}]
    assert made(*told) == [{"role": "user", "parts": [{"text": "Weather?"}]}]


@pytest.mark.parametrize("messages", [(Instructions(content="Go."),), (turn("Oslo"), result("Oslo")), (AssistantMessage(content="Hi."),)])
def test_a_conversation_begins_with_the_user(messages: tuple[Message, ...]) -> None:
    """Gemini takes no other; what nobody said is empty."""
    assert made(*messages)[0] == {"role": "user", "parts": [{"text": ""}]}


def test_turns_of_the_model_in_a_row_are_one() -> None:
    """Gemini takes calls only right after the user; empty words are no part."""
    found = made(ASKED, turn(content=""), turn(content="One moment."), turn("Oslo"), result("Oslo"))
    assert [part.keys() for part in found[1]["parts"]] == [{"text"}, {"functionCall"}]


def test_ids_that_come_again_in_a_later_turn_are_kept_apart() -> None:
    """Posted transcripts may hold them (Kimi)."""
    found = made(ASKED, turn("Oslo"), result("Oslo", "first"), turn("Oslo"), result("Oslo", "second"))
    assert [responses(found[at])[0]["response"]["output"] for at in (2, 4)] == ["first", "second"]


CITIES = st.lists(st.sampled_from(["Oslo", "Rome", "Bern", "Kyiv"]), unique=True, max_size=4)
EXCHANGES = st.lists(st.tuples(st.booleans(), CITIES, st.booleans(), st.booleans()), max_size=6)


@given(exchanges=EXCHANGES, signed=st.booleans())
def test_every_legal_conversation_makes_legal_contents(exchanges: list[tuple[bool, list[str], bool, bool]], signed: bool) -> None:  # noqa: FBT001 - drawn
    """By our check and by the scripted model's, whoever wrote the turns."""
    messages: list[Message] = []
    for speaks, cities, own, backwards in exchanges:
        raw = [{"functionCall": {"name": "get_weather", "args": {"city": city}, "id": city}, "thoughtSignature": "eA=="} for city in cities]
        messages += [ASKED] if speaks else []
        messages += [turn(*cities, raw=raw if own else None, content="Words.")]
        messages += [result(city) for city in (reversed(cities) if backwards else cities)]
    made(*messages, signed=signed)
