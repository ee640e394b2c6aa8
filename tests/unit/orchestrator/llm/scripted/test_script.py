"""The values of a script."""

import pytest
from pydantic import ValidationError

from orchestrator.llm.scripted.faults import CloseFault, ErrorFault, RawFault
from orchestrator.llm.scripted.script import Conversation, Match, Reply, Script, ScriptedCall


def test_a_short_script_is_one_conversation_that_fits_all() -> None:
    """Replies at the top level stand for one conversation without a condition."""
    script = Script.model_validate({"replies": [{"content": "Hello"}], "repeat_last": True, "latency_s": 0.5})

    conversation = script.conversation("any question", "any model")

    assert conversation is not None
    assert conversation.repeat_last
    assert conversation.replies[0].content == "Hello"
    assert script.latency_s == 0.5


def test_the_first_conversation_that_fits_answers() -> None:
    """Conversations are tried in order, and each condition of one must hold."""
    script = Script(
        conversations=(
            Conversation(when=Match(contains="WEATHER", model="small"), replies=(Reply(content="1"),)),
            Conversation(when=Match(regex=r"in \w+\?$"), replies=(Reply(content="2"),)),  # pyright: ignore[reportArgumentType] - pydantic compiles it
        )
    )

    found = [
        script.conversation(*asked) for asked in (("the weather in Oslo?", "small"), ("the weather in Oslo?", "big"), ("hello", "small"))
    ]

    assert [each and each.replies[0].content for each in found] == ["1", "2", None]


def test_replies_are_given_by_step_and_then_end() -> None:
    """A conversation has one reply for each model call, and no more."""
    conversation = Conversation(replies=(Reply(content="1"), Reply(content="2")))

    assert [reply and reply.content for reply in map(conversation.reply, range(3))] == ["1", "2", None]


def test_the_last_reply_can_be_repeated() -> None:
    """With repeat_last a conversation never ends."""
    conversation = Conversation(replies=(Reply(content="1"), Reply(content="2")), repeat_last=True)

    assert [reply and reply.content for reply in map(conversation.reply, range(4))] == ["1", "2", "2", "2"]


def test_attempts_meet_the_faults_in_order() -> None:
    """Each fault takes as many attempts as it says; then the reply comes."""
    reply = Reply(content="at last", faults=(ErrorFault(status=429, times=2), CloseFault(times=1)))

    met = [fault and fault.kind for fault in map(reply.fault, range(1, 6))]

    assert met == ["error", "error", "close", None, None]


def test_a_fault_without_times_never_ends() -> None:
    """The reply behind it never comes."""
    assert Reply.raw("nonsense").fault(1000) == RawFault(body="nonsense")


def test_only_the_last_fault_may_be_endless() -> None:
    """What comes after an endless fault would never be seen, so it is refused."""
    with pytest.raises(ValidationError, match="only the last fault"):
        Reply(faults=(ErrorFault(), CloseFault(times=1)))


def test_arguments_are_sent_as_an_object_as_text_or_not_at_all() -> None:
    """An object is written as JSON, and malformed text and null stay as they are."""
    calls = (ScriptedCall.of("a", city="Zürich"), ScriptedCall(name="a", arguments='{"city"'), ScriptedCall(name="a", arguments=None))

    assert [call.arguments_text for call in calls] == ['{"city":"Zürich"}', '{"city"', None]


def test_a_given_null_id_differs_from_a_fresh_one() -> None:
    """Also after the script has travelled as JSON."""
    script = Script.of(Reply(tool_calls=(ScriptedCall(name="a"), ScriptedCall(name="a", id=None), ScriptedCall(name="a", id=""))))

    calls = Script.model_validate_json(script.model_dump_json()).conversations[0].replies[0].tool_calls

    assert [call.has_own_id for call in calls] == [False, True, True]


def test_a_script_survives_its_journey_as_json() -> None:
    """Patterns, faults and calls come back as they were."""
    script = Script.model_validate(
        {
            "conversations": [
                {
                    "when": {"regex": "^hello"},
                    "replies": [
                        {"faults": [{"kind": "error", "status": 503, "times": 1}, {"kind": "raw", "body": None}]},
                        {"tool_calls": [{"name": "a", "arguments": {"n": 1}}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
                    ],
                }
            ]
        }
    )

    assert Script.model_validate_json(script.model_dump_json()).model_dump() == script.model_dump()
