"""Putting Gemini's streams together. Numbers in the names of cases are those of field reports."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.llm.errors import ModelError, ModelRefused, ModelUnavailable
from orchestrator.llm.model import ModelReply
from orchestrator.llm.wire import DoubtfulStream
from orchestrator.llm.wires.gemini.answer import decode
from orchestrator.llm.wires.gemini.stream import GeminiAssembly

OSLO = {"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}, "id": "a"}, "thoughtSignature": "c2ln"}
ROME = {"functionCall": {"name": "get_weather", "args": {"city": "Rome"}, "id": "b"}}


def chunk(*parts: Any, reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """One chunk with these parts."""
    end = {"finishReason": reason} if reason else {}
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "index": 0, **end}], **fields}


END = chunk({"text": ""}, reason="STOP", usageMetadata={"promptTokenCount": 3, "candidatesTokenCount": 4}, responseId="r1")


def put_together(*chunks: Any) -> tuple[str, ModelReply]:
    """The text as it was heard, and the reply."""
    assembly = GeminiAssembly()
    heard = "".join([assembly.feed(each) for each in chunks])
    return heard, assembly.reply(None)


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([chunk(OSLO), chunk(ROME), END], id="2-litellm#16188-a-call-in-each-chunk"),
        pytest.param([chunk(OSLO, ROME), END], id="calls-in-one-chunk"),
        pytest.param([chunk(OSLO), chunk(ROME, reason="STOP")], id="12-any-llm#425-end-with-a-call"),
        pytest.param([chunk(OSLO, reason="STOP"), chunk(ROME, reason="STOP")], id="13-an-end-in-each-chunk"),
    ],
)
def test_each_call_is_one_of_its_own(chunks: list[Any]) -> None:
    """In one turn, with the signature where it was."""
    _, reply = put_together(*chunks)
    assert [(call.provider_id, call.arguments) for call in reply.calls] == [("a", '{"city": "Oslo"}'), ("b", '{"city": "Rome"}')]
    assert reply.raw == {"role": "model", "parts": [OSLO, ROME]}
    assert reply.finish_reason == "tool_calls"


def test_text_is_heard_and_joined() -> None:
    """Thoughts are joined too, and not heard."""
    thoughts = [chunk({"text": "Let me", "thought": True}), chunk({"text": " think.", "thought": True})]
    heard, reply = put_together(*thoughts, chunk({"text": "It "}), chunk({"text": "rains."}), END)
    assert (heard, reply.content) == ("It rains.", "It rains.")
    assert reply.raw == {"role": "model", "parts": [{"text": "Let me think.", "thought": True}, {"text": "It rains."}]}
    assert (reply.usage.total_tokens, reply.request_id) == (7, "r1")


def test_plain_text_needs_no_raw_turn() -> None:
    """Our own form says it all."""
    assert put_together(chunk({"text": "It "}), chunk({"text": "rains."}), END)[1].raw is None


def test_a_signature_stays_on_its_part() -> None:
    """It may come on an empty text at the end."""
    signed = {"text": "", "thoughtSignature": "c2ln"}
    assert put_together(chunk({"text": "Hi."}), chunk(signed, reason="STOP"))[1].raw == {
        "role": "model",
        "parts": [{"text": "Hi."}, signed],
    }


def test_the_last_count_of_tokens_holds() -> None:
    """Each chunk counts anew."""
    chunks = [chunk({"text": "a"}, usageMetadata={"promptTokenCount": 3, "candidatesTokenCount": n}) for n in (1, 2, 3)]
    assert put_together(*chunks, chunk(reason="STOP"))[1].usage.completion_tokens == 3


def test_a_stream_without_an_end_broke_off() -> None:
    """Calls that came before are not run."""
    with pytest.raises(ModelError) as caught:
        put_together(chunk(OSLO))
    assert caught.value.retryable


@pytest.mark.parametrize(("code", "kind"), [(503, ModelUnavailable), (400, ModelRefused)])
def test_an_error_in_the_stream_is_raised(code: int, kind: type[ModelError]) -> None:
    """Whatever came before."""
    assembly = GeminiAssembly()
    assembly.feed(chunk({"text": "It "}))
    with pytest.raises(kind):
        assembly.feed({"error": {"code": code, "message": "no"}})


def test_a_prompt_blocked_in_a_stream_is_filtered() -> None:
    """No candidate comes."""
    assert put_together({"promptFeedback": {"blockReason": "SAFETY"}})[1].finish_reason == "content_filter"


def partial(*pieces: Any, more: bool = True, **fields: Any) -> dict[str, Any]:
    """A piece of a call, as Vertex AI streams them."""
    going_on = {"willContinue": True} if more else {}
    return {"functionCall": {**({"partialArgs": list(pieces)} if pieces else {}), **going_on, **fields}}


def test_arguments_in_pieces_are_put_together() -> None:
    """By their paths, text to text."""
    pieces = [
        {"jsonPath": "$.city", "stringValue": "a", "willContinue": True},
        {"jsonPath": "$.city", "stringValue": "a"},
        {"jsonPath": "$.stops[0].zip", "numberValue": 1},
        {"jsonPath": "$.stops[1]['post code']", "boolValue": False},
        {"jsonPath": "$.note", "nullValue": "NULL_VALUE"},
    ]
    opened = chunk({**partial(name="get_weather", id="a"), "thoughtSignature": "c2ln"})
    _, reply = put_together(opened, *(chunk(partial(each)) for each in pieces), chunk(partial(more=False)), chunk(ROME), END)
    arguments = {"city": "aa", "stops": [{"zip": 1}, {"post code": False}], "note": None}
    assert [json.loads(call.arguments) for call in reply.calls] == [arguments, {"city": "Rome"}]
    whole = {"functionCall": {"name": "get_weather", "id": "a", "args": arguments}, "thoughtSignature": "c2ln"}
    assert reply.raw == {"role": "model", "parts": [whole, ROME]}


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([partial(name="f"), ROME], id="another-call-between"),
        pytest.param([partial(name="f"), {"text": "x"}], id="text-between"),
        pytest.param([partial(name="f")], id="no-last-piece"),
        pytest.param([partial({"jsonPath": "city", "stringValue": "x"}, name="f", more=False)], id="no-path"),
        pytest.param([partial({"stringValue": "x"}, name="f", more=False)], id="path-missing"),
        pytest.param([partial({"jsonPath": "$.a[7]", "stringValue": "x"}, name="f", more=False)], id="a-place-too-far"),
        pytest.param([partial(*[{"jsonPath": "$.a", "numberValue": 1}] * 2, name="f", more=False)], id="a-number-twice"),
        pytest.param(
            [partial({"jsonPath": "$.a", "numberValue": 1}, {"jsonPath": "$.a.b", "numberValue": 1}, name="f", more=False)], id="no-object"
        ),
    ],
)
def test_pieces_that_do_not_fit_are_a_doubt(chunks: list[Any]) -> None:
    """The turn is asked for again, whole: arguments are never guessed."""
    with pytest.raises(DoubtfulStream):
        put_together(*map(chunk, chunks), END)


PARTS = st.lists(
    st.sampled_from([OSLO, ROME, {"text": "a"}, {"text": "b", "thought": True}, {"text": "c", "thoughtSignature": "eA=="}]), max_size=6
)


@given(parts=PARTS, cuts=st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_stream_says_what_the_whole_answer_says(parts: list[Any], cuts: list[bool]) -> None:
    """However it is cut into chunks."""
    chunks: list[list[Any]] = [[]]
    for part, cut in zip(parts, cuts, strict=False):
        chunks += [[]] if cut else []
        chunks[-1].append(part)
    streamed = put_together(*(chunk(*each) for each in chunks), END)[1]
    whole = decode(json.dumps(chunk(*parts, reason="STOP", **{key: END[key] for key in ("usageMetadata", "responseId")})).encode(), None)
    assert streamed.model_copy(update={"raw": None}) == whole.model_copy(update={"raw": None})


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2))
CALL = st.dictionaries(st.sampled_from(["name", "args", "partialArgs", "willContinue"]), JSON, max_size=3)
PART = st.dictionaries(st.sampled_from(["text", "thought", "functionCall"]), JSON | CALL, max_size=2)


@settings(max_examples=150)
@given(chunks=st.lists(st.lists(PART | JSON, max_size=2) | JSON, max_size=3))
def test_nothing_but_model_errors_and_doubts_is_raised(chunks: list[Any]) -> None:
    """Whatever came."""
    assembly = GeminiAssembly()
    with suppress(ModelError, DoubtfulStream):
        for parts in chunks:
            assembly.feed({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]})
        assembly.reply(None)
