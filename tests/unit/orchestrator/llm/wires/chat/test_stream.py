"""Streams of chat completions. The numbers in the ids are those of the field reports in research/providers.md, B2."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.llm import sse
from orchestrator.llm.errors import ModelError, ModelRefused, ModelUnavailable
from orchestrator.llm.model import ModelReply
from orchestrator.llm.wire import DoubtfulStream
from orchestrator.llm.wires.chat.stream import ChatAssembly

A, B = '{"city":"Tokyo"}', '{"city":"Paris"}'
Fragment = dict[str, Any]


def part(arguments: str, name: str, identity: str, index: int, **more: Any) -> Fragment:
    """A whole call in one fragment."""
    return {"index": index, "id": identity, "function": {"name": name, "arguments": arguments}, **more}


def chunk(*fragments: Fragment, finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    """A chunk with these fragments of calls."""
    if fragments:
        delta["tool_calls"] = list(fragments)
    return {"id": "chatcmpl-1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


def put_together(events: Iterable[Mapping[str, Any]]) -> ModelReply:
    """The reply that these events make."""
    assembly = ChatAssembly()
    for event in events:
        assembly.feed(event)
    return assembly.reply("req_1")


def test_a_finish_reason_for_each_call_is_not_the_end() -> None:
    """21, llama.cpp#18591: all have index 0, and each call ends with a reason."""
    events = [
        chunk(part(A, "x", "a", 0), finish_reason="tool_calls"),
        chunk(part(B, "y", "b", 0), finish_reason="tool_calls"),
        chunk(finish_reason="stop"),
    ]
    reply = put_together(events)
    assert ([call.name for call in reply.calls], reply.finish_reason) == (["x", "y"], "tool_calls")


def test_two_finish_chunks_give_each_call_once() -> None:
    """28, hass_local_openai_llm#92: one chunk finishes, another brings the usage and finishes again."""
    ended = chunk(finish_reason="tool_calls")
    reply = put_together([chunk(part(A, "x", "a", 0)), ended, {**ended, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}, sse.DONE])
    assert (len(reply.calls), reply.usage.total_tokens) == (1, 3)


def test_calls_in_the_text_stay_text() -> None:
    """23, llama.cpp#14101: what the server did not parse is judged with the whole answer."""
    text = '<tool_call>{"name":"y"}</tool_call>'
    reply = put_together([chunk(part(A, "x", "a", 0)), chunk(content=text), chunk(finish_reason="tool_calls")])
    assert ([call.name for call in reply.calls], reply.content) == (["x"], text)


def test_reasoning_is_not_searched_for_calls() -> None:
    """27, dynamo#8636: calls in reasoning_content were not made; the answer is empty and asked for again."""
    reply = put_together([chunk(reasoning_content="<tool_call>..."), chunk(finish_reason="stop")])
    assert (reply.calls, reply.content) == ((), None)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([chunk(part(A, "x", "a", 0))], id="25-vllm#37937-after-a-call"),
        pytest.param([chunk(content="Sun")], id="text"),
        pytest.param([], id="nothing"),
    ],
)
def test_a_stream_that_breaks_off_is_no_answer(events: list[dict[str, Any]]) -> None:
    """It may succeed when it is tried again."""
    with pytest.raises(ModelUnavailable) as caught:
        put_together(events)
    assert caught.value.retryable


def test_an_end_without_a_reason_is_doubtful() -> None:
    """A server that never gives one can be asked without a stream."""
    with pytest.raises(DoubtfulStream):
        put_together([chunk(content="Sunny."), sse.DONE])


def test_the_end_may_lack_its_mark() -> None:
    """A reason says it too."""
    assert put_together([chunk(content="Sunny."), chunk(finish_reason="stop")]).content == "Sunny."


@pytest.mark.parametrize(
    ("reasons", "counts"),
    [
        pytest.param(["tool_calls", "length"], "length", id="length"),
        pytest.param(["content_filter", "stop"], "content_filter", id="content-filter"),
        pytest.param(["stop", "tool_calls"], "stop", id="the-first"),
    ],
)
def test_the_worst_of_several_reasons_counts(reasons: Sequence[str], counts: str) -> None:
    """Calls run only where nothing speaks against it."""
    assert put_together([chunk(content="Hi"), *(chunk(finish_reason=reason) for reason in reasons)]).finish_reason == counts


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        pytest.param({"error": {"code": 502, "message": "x"}}, ModelUnavailable, id="openrouter"),
        pytest.param({"error": {"type": "insufficient_quota"}}, ModelRefused, id="quota"),
        pytest.param({**chunk(content="x"), "error": {"code": 400}}, ModelRefused, id="beside-a-delta"),
        pytest.param({"choices": [{"error": {"code": 503}, "delta": {}}]}, ModelUnavailable, id="in-the-choice"),
    ],
)
def test_an_error_inside_the_stream_ends_it(event: dict[str, Any], kind: type[ModelError]) -> None:
    """Gateways answer 200 once the model has started."""
    assembly = ChatAssembly()
    assembly.feed(chunk(content="Sun"))
    with pytest.raises(kind):
        assembly.feed(event)


def test_a_reason_of_error_is_an_error() -> None:
    """OpenRouter's finish_reason."""
    with pytest.raises(ModelError):
        put_together([chunk(content="Sun"), chunk(finish_reason="error")])


def test_each_delta_gives_its_text() -> None:
    """For who listens."""
    assembly = ChatAssembly()
    assert [
        assembly.feed(event) for event in (chunk(role="assistant", content=""), chunk(content="Sun"), chunk(content="ny."), sse.DONE)
    ] == [
        "",
        "Sun",
        "ny.",
        "",
    ]


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}, id="openai-no-choices"),
        pytest.param({"choices": [], "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}}, id="groq"),
        pytest.param({"choices": None, "usage": {"prompt_tokens": 3, "completion_tokens": 4}}, id="null-choices"),
    ],
)
def test_the_usage_comes_last(usage: dict[str, Any]) -> None:
    """In a chunk without a choice."""
    assert put_together([chunk(content="Hi"), chunk(finish_reason="stop"), usage]).usage.total_tokens == 7


def test_chunks_about_the_prompt_alone_say_nothing() -> None:
    """Azure's first one tells what its filter saw."""
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    reply = put_together([first, chunk(content="Hi"), chunk(finish_reason="stop")])
    assert (reply.content, reply.model, reply.request_id) == ("Hi", "m", "req_1")


def test_what_is_new_may_be_repeated_as_a_message() -> None:
    """Writer sends both."""
    both = {**chunk(part(A, "x", "a", 0), content="Hi")}
    both["choices"][0]["message"] = both["choices"][0]["delta"]
    reply = put_together([both, chunk(finish_reason="stop")])
    assert (reply.content, [call.arguments for call in reply.calls]) == ("Hi", [A])


def test_thinking_is_kept_to_be_sent_back() -> None:
    """In pieces it comes, as one it goes."""
    details = [
        {"type": "reasoning.text", "text": "Hm", "index": 0, "signature": None},
        {"type": "reasoning.text", "text": ".", "index": 0, "signature": "s"},
    ]
    other = {"type": "reasoning.encrypted", "data": "x", "index": 1}
    signed = part(A, "x", "a", 0, extra_content={"google": {"thought_signature": "t"}})
    reply = put_together(
        [
            chunk(reasoning_content="Let "),
            chunk(reasoning_content="me."),
            *(chunk(reasoning_details=[each]) for each in (*details, other)),
            chunk(signed, finish_reason="tool_calls"),
        ]
    )
    raw: Any = reply.raw
    assert raw["reasoning_content"] == "Let me."
    assert raw["reasoning_details"] == [{"type": "reasoning.text", "text": "Hm.", "index": 0, "signature": "s"}, other]
    assert raw["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "t"}}


def test_a_plain_answer_keeps_no_raw_turn() -> None:
    """Our form says it all."""
    assert put_together([chunk(part(A, "x", "a", 0), content="Hi"), chunk(finish_reason="stop")]).raw is None


def test_a_legacy_function_call_is_a_call() -> None:
    """Old servers know one call, in a field of its own."""
    reply = put_together(
        [chunk(function_call={"name": "x", "arguments": ""}), chunk(function_call={"arguments": A}), chunk(finish_reason="stop")]
    )
    assert [(call.name, call.arguments) for call in reply.calls] == [("x", A)]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "tool_calls", "function", "name", "arguments", "id", "content", "usage", "error", "index", "type"]
            ),
            children,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(st.lists(JUNK, max_size=4))
@settings(deadline=None)
def test_no_stream_raises_anything_but_a_model_error(junk: list[Any]) -> None:
    """Whatever a gateway sends is a reply, a doubt or a typed error."""
    for each in ([{"choices": [{"delta": value}]} for value in junk], [{"choices": value} for value in junk]):
        with suppress(ModelError, DoubtfulStream):
            put_together([*each, chunk(finish_reason="stop")]).model_dump_json()
