"""Judging a model's reply before anything runs."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import chat, transcript
from orchestrator.call_ids import MAX_LENGTH
from orchestrator.llm.errors import ModelProtocolError
from orchestrator.llm.model import ModelReply, RequestedCall
from orchestrator.llm.reply import Ending, JudgedCall, Verdict, check_usable, judge
from orchestrator.messages import AssistantMessage, ToolMessage, UserMessage
from tasks.messages import Outcome, ToolSpec


def spec(name: str) -> ToolSpec:
    """A tool of this name."""
    return ToolSpec(
        name=name,
        description="",
        parameters={"type": "object"},
        queue="io",
        timeout_s=30,
        idempotent=True,
        retries=0,
        max_result_bytes=1000,
        schema_hash="0",
    )


TOOLS = {name: spec(name) for name in ("get_weather", "get_news")}


def call(name: str = "get_weather", arguments: str = "{}", provider_id: str | None = "a") -> RequestedCall:
    """A call as a provider sends it."""
    return RequestedCall(provider_id=provider_id, name=name, arguments=arguments)


def judged(*calls: RequestedCall, finish_reason: str | None = "tool_calls", refusal: str | None = None, max_calls: int = 100) -> Verdict:
    """The verdict on a reply with these calls in turn 2."""
    reply = ModelReply(content=None, refusal=refusal, calls=calls, finish_reason=finish_reason)
    return judge(reply, TOOLS, 2, frozenset({"old"}), max_calls)


def fates(verdict: Verdict) -> list[str]:
    """What becomes of each call: the error code of its answer, or that it runs."""
    return [judged_call.answer.error.code if judged_call.answer and judged_call.answer.error else "runs" for judged_call in verdict.calls]


def test_good_calls_run_as_they_were_written() -> None:
    """A call with a known name and a JSON object is kept as it is, and the run goes on."""
    verdict = judged(call(arguments='{"city": "Tokyo"}'), call("get_news", provider_id="b"))
    assert verdict == Verdict(
        content=None,
        refusal=None,
        calls=(
            JudgedCall(tool_call_id="a", provider_call_id="a", name="get_weather", arguments='{"city": "Tokyo"}'),
            JudgedCall(tool_call_id="b", provider_call_id="b", name="get_news", arguments="{}"),
        ),
        end=None,
    )


@pytest.mark.parametrize(
    "finish_reason",
    [
        pytest.param("tool_calls", id="openai"),
        pytest.param("stop", id="stop-litellm#37792"),
        pytest.param("STOP", id="gemini"),
        pytest.param("function_call", id="legacy"),
        pytest.param("end_turn", id="unknown-word"),
        pytest.param(None, id="missing"),
    ],
)
def test_calls_run_whatever_the_finish_reason_says(finish_reason: str | None) -> None:
    """Providers send calls with any finish reason; the calls are what counts."""
    verdict = judged(call(), finish_reason=finish_reason)
    assert (fates(verdict), verdict.end) == (["runs"], None)


@pytest.mark.parametrize("finish_reason", ["stop", None, "tool_calls", "whatever"])
def test_a_reply_without_calls_completes_the_run(finish_reason: str | None) -> None:
    """Text without calls is the answer."""
    verdict = judge(ModelReply(content="Sunny.", finish_reason=finish_reason), TOOLS, 0, (), 100)
    assert verdict == Verdict(content="Sunny.", refusal=None, calls=(), end=Ending(status="completed"))


def test_the_last_call_of_a_truncated_answer_never_runs() -> None:
    """It may be cut off even where it is valid JSON (jac#6766); the earlier ones are complete."""
    verdict = judged(call(), call(provider_id="b"), finish_reason="length")
    assert (fates(verdict), verdict.end) == (["runs", "truncated_call"], None)


def test_earlier_calls_of_a_truncated_answer_run_only_if_they_are_valid() -> None:
    """Truncation excuses nothing."""
    verdict = judged(call("nonsense"), call(arguments="{"), call(), finish_reason="length")
    assert fates(verdict) == ["unknown_tool", "invalid_arguments", "truncated_call"]


def test_a_truncated_call_is_answered_as_skipped() -> None:
    """The model learns that nothing ran."""
    verdict = judged(call(arguments='{"city": "Tok'), finish_reason="length")
    answer = verdict.calls[0].answer
    assert answer is not None
    assert (answer.outcome, "Not run" in answer.content) == (Outcome.SKIPPED, True)


def test_a_truncated_answer_without_calls_is_incomplete() -> None:
    """The run ends with what there is, and says why."""
    verdict = judge(ModelReply(content="The wea", finish_reason="length"), TOOLS, 0, (), 100)
    assert verdict.end == Ending(status="incomplete", reason="max_output_tokens")


@pytest.mark.parametrize(
    ("finish_reason", "refusal", "reason"),
    [
        pytest.param("content_filter", None, "content_filter", id="content-filter"),
        pytest.param("stop", "I cannot help with that.", "refusal", id="refusal"),
        pytest.param("refusal", None, "refusal", id="refusal-as-finish-reason"),
    ],
)
def test_calls_of_a_stopped_answer_are_denied_and_end_the_run(finish_reason: str, refusal: str | None, reason: str) -> None:
    """What a filter or a refusal stopped is never run, and the run ends with that reason."""
    verdict = judged(call(), call("nonsense"), finish_reason=finish_reason, refusal=refusal)
    outcomes = [judged_call.answer.outcome for judged_call in verdict.calls if judged_call.answer]
    assert (outcomes, fates(verdict)) == ([Outcome.DENIED] * 2, [reason] * 2)
    assert verdict.end is not None
    assert (verdict.end.status, verdict.end.reason) == ("incomplete", reason)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("get_wether", id="almost-right"),
        pytest.param("Get_Weather", id="other-case"),
        pytest.param("get_weather ", id="blank-at-the-end"),
        pytest.param("functions.get_weather", id="prefixed"),
        pytest.param("", id="empty"),
        pytest.param("x" * 1000, id="endless"),
        pytest.param("get_weather\x00\ud800", id="unprintable"),
    ],
)
def test_an_unknown_tool_is_answered_with_the_known_ones(name: str) -> None:
    """A nearest match never runs."""
    answer = judged(call(name)).calls[0].answer
    assert answer is not None
    assert answer.error is not None
    assert (answer.outcome, answer.error.code) == (Outcome.FAILED, "unknown_tool")
    assert "Known tools: get_weather, get_news." in answer.error.message
    assert len(answer.error.message) < 300


def test_the_wrapper_of_parallel_calls_is_answered_with_how_to_do_without() -> None:
    """Models make up multi_tool_use.parallel (opencode#38332); it is not unpacked."""
    arguments = '{"tool_uses":[{"recipient_name":"functions.get_weather","parameters":{}}]}'
    answer = judged(call("multi_tool_use.parallel", arguments)).calls[0].answer
    assert answer is not None
    assert "Call the tools themselves, several in one answer." in answer.content


def test_no_more_than_twenty_known_tools_are_named() -> None:
    """An answer does not fill the context with a catalogue."""
    tools = {f"tool_{number}": spec(f"tool_{number}") for number in range(50)}
    answer = judge(ModelReply(content=None, calls=(call("x"),)), tools, 0, (), 100).calls[0].answer
    assert answer is not None
    assert "tool_19 and 30 more." in answer.content


def test_without_tools_the_answer_says_so() -> None:
    """A model may call tools that it was never offered."""
    answer = judge(ModelReply(content=None, calls=(call(),)), {}, 0, (), 100).calls[0].answer
    assert answer is not None
    assert "No tools can be called" in answer.content


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        pytest.param('{"city": "Tok', "not valid JSON", id="truncated-yet-tool_calls-DSpark#55"),
        pytest.param('{"a":1}{"b":2}', "several objects", id="fused-hermes-agent#62940"),
        pytest.param("[]", "an array", id="array"),
        pytest.param("7", "a number", id="scalar"),
        pytest.param('"{}"', "encoded twice", id="double-encoded"),
        pytest.param('{"a": NaN}', "NaN", id="nan"),
        pytest.param('{"a": 1, "a": 1}', "occurs twice", id="duplicate-keys"),
        pytest.param('{"a":' * 65 + "1" + "}" * 65, "deeper than 64", id="too-deep"),
        pytest.param('{"a":"' + "x" * 262_144 + '"}', "at most 262144", id="too-long"),
        pytest.param('{"a":"\\u0000"}', "NUL", id="nul"),
    ],
)
def test_arguments_that_are_no_json_object_are_answered_with_a_hint(arguments: str, hint: str) -> None:
    """The call fails with words that the model can act on; what it wrote is kept."""
    judged_call = judged(call(arguments=arguments)).calls[0]
    assert judged_call.answer is not None
    assert judged_call.answer.error is not None
    assert (judged_call.answer.outcome, judged_call.answer.error.code) == (Outcome.FAILED, "invalid_arguments")
    assert hint in judged_call.answer.error.message
    assert judged_call.arguments == arguments


@pytest.mark.parametrize(
    "arguments", [pytest.param("", id="empty-llm#1164"), pytest.param("null", id="null"), pytest.param(" ", id="blank")]
)
def test_absent_arguments_run_as_an_empty_object(arguments: str) -> None:
    """Providers have several ways to say that a call has no arguments."""
    verdict = judged(call(arguments=arguments))
    assert (fates(verdict), verdict.calls[0].arguments) == (["runs"], "{}")


@pytest.mark.parametrize(
    ("provider_ids", "wire_ids"),
    [
        pytest.param(["a", "b"], ["a", "b"], id="good"),
        pytest.param([None, None], ["call_2_0", "call_2_1"], id="missing-gemini"),
        pytest.param(["", ""], ["call_2_0", "call_2_1"], id="empty-llama_index#20207"),
        pytest.param(["null"], ["call_2_0"], id="the-word-null-langchainjs#11373"),
        pytest.param([" "], ["call_2_0"], id="blank"),
        pytest.param(["a", "a", "a"], ["a", "a_d1", "a_d2"], id="twice-hermes-agent#67777"),
        pytest.param(["old", "old"], ["old_d1", "old_d2"], id="of-an-earlier-turn-vllm#50295"),
        pytest.param(["a_d1", "a", "a"], ["a_d1", "a", "a_d2"], id="taken-by-a-made-up-one"),
        pytest.param([None, "call_2_0"], ["call_2_0", "call_2_0_d1"], id="own-id-used-by-the-provider"),
        pytest.param(["x" * 300], ["call_2_0"], id="too-long"),
        pytest.param(["x" * MAX_LENGTH] * 2, ["x" * MAX_LENGTH, "x" * (MAX_LENGTH - 3) + "_d1"], id="longest-twice"),
        pytest.param(["a\nb"], ["call_2_0"], id="control-character"),
        pytest.param(["functions.get_weather:0"], ["functions.get_weather:0"], id="kimi"),
    ],
)
def test_wire_ids_are_unique_and_never_empty(provider_ids: list[str | None], wire_ids: list[str]) -> None:
    """The provider's id is kept where it can be used; the id as it was received is kept beside it."""
    calls = judged(*(call(provider_id=provider_id) for provider_id in provider_ids)).calls
    assert [judged_call.tool_call_id for judged_call in calls] == wire_ids
    assert [judged_call.provider_call_id for judged_call in calls] == provider_ids


def test_identical_calls_all_run() -> None:
    """Repeats may be meant (bfcl parallel_158); dropping them is not for the engine to decide."""
    verdict = judged(*[call(arguments='{"city": "Tokyo"}')] * 9)
    assert fates(verdict) == ["runs"] * 9


def test_calls_beyond_the_limit_are_answered_as_skipped() -> None:
    """No call goes unanswered, and no reply starts more than it may."""
    verdict = judged(*[call()] * 4, max_calls=2)
    assert fates(verdict) == ["runs", "runs", "too_many_calls", "too_many_calls"]
    assert [judged_call.answer.outcome for judged_call in verdict.calls if judged_call.answer] == [Outcome.SKIPPED] * 2


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        pytest.param(ModelReply(content=None, finish_reason="stop"), "empty_reply", id="nothing-gcli2api#406"),
        pytest.param(ModelReply(content=" \n", finish_reason="stop"), "empty_reply", id="blank"),
        pytest.param(ModelReply(content='<tool_call>{"name": "x"}</tool_call>'), "tool_calls_as_text", id="call-as-text-llama.cpp#14101"),
    ],
)
def test_replies_that_cannot_be_used_are_worth_another_try(reply: ModelReply, code: str) -> None:
    """The model is asked again; nothing is guessed from the text."""
    with pytest.raises(ModelProtocolError) as caught:
        check_usable(reply, tools_offered=True)
    assert (caught.value.code, caught.value.retryable) == (code, True)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(ModelReply(content="Sunny."), id="text"),
        pytest.param(ModelReply(content=None, calls=(call(),)), id="calls"),
        pytest.param(ModelReply(content="<tool_call>", calls=(call(),)), id="calls-and-text-that-looks-like-one"),
        pytest.param(ModelReply(content=None, refusal="No."), id="refusal"),
        pytest.param(ModelReply(content=None, finish_reason="length"), id="nothing-before-the-limit"),
        pytest.param(ModelReply(content="<tool_call>", finish_reason="length"), id="truncated"),
        pytest.param(ModelReply(content=None, finish_reason="content_filter"), id="filtered"),
    ],
)
def test_replies_that_say_something_can_be_used(reply: ModelReply) -> None:
    """Whatever judge can decide on passes."""
    check_usable(reply, tools_offered=True)


def test_text_that_looks_like_a_call_is_text_where_no_tools_were_offered() -> None:
    """A conversation about tool calls is not a tool call."""
    check_usable(ModelReply(content="Write <tool_call> first."), tools_offered=False)


IDS = st.none() | st.sampled_from(["", "null", "a", "a_d1", "old", "call_2_0", "x" * 64, "x" * 300]) | st.text(max_size=80)
NAMES = st.sampled_from(["get_weather", "get_news", "", "multi_tool_use.parallel"]) | st.text(max_size=80)
ARGUMENTS = st.sampled_from(["", "null", "{}", "[]", '{"a":1}{"b":2}', '{"a":NaN}', '{"a":1,"a":2}', '{"a"']) | st.text(max_size=80)
CALLS = st.lists(st.builds(RequestedCall, provider_id=IDS, name=NAMES, arguments=ARGUMENTS), max_size=12)
FINISHES = st.none() | st.sampled_from(["stop", "tool_calls", "length", "content_filter", "refusal", "error"]) | st.text(max_size=10)
REPLIES = st.builds(
    ModelReply, content=st.none() | st.text(), refusal=st.none() | st.text(), calls=CALLS.map(tuple), finish_reason=FINISHES
)


@given(REPLIES, st.integers(min_value=0, max_value=12))
@settings(deadline=None)
def test_every_reply_comes_to_a_legal_transcript(reply: ModelReply, max_calls: int) -> None:
    """Whatever a model sends, one tool message for each call makes a transcript that every provider takes, with an
    object as the arguments of each call that runs."""
    verdict = judge(reply, TOOLS, 2, frozenset({"old"}), max_calls)
    calls = tuple(chat.call(judged_call.tool_call_id, judged_call.name, judged_call.arguments) for judged_call in verdict.calls)
    turn = AssistantMessage(content=verdict.content, refusal=verdict.refusal, calls=calls)
    answers = [ToolMessage(tool_call_id=each.id, content="") for each in calls]
    transcript.check([chat.as_chat(message) for message in (UserMessage(content="Hi"), turn, *answers)])
    running = [judged_call for judged_call in verdict.calls if judged_call.answer is None]
    assert all(isinstance(json.loads(judged_call.arguments), dict) for judged_call in running)
    assert all(judged_call.name in TOOLS for judged_call in running)
    assert not {judged_call.tool_call_id for judged_call in verdict.calls} & {"old", ""}
    assert len(running) <= max_calls
    assert (verdict.end is None) or not running


@given(REPLIES)
@settings(deadline=None)
def test_the_same_reply_gets_the_same_verdict(reply: ModelReply) -> None:
    """A step that is made again after a crash writes the same ids, and prompt caches hold."""
    assert judge(reply, TOOLS, 2, ["old"], 8) == judge(reply, TOOLS, 2, ["old"], 8)
