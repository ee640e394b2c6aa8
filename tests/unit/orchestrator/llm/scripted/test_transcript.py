"""Where a conversation stands."""

from orchestrator.llm.scripted.request import CalledFunction, ChatMessage, ContentPart, MessageCall
from orchestrator.llm.scripted.transcript import characters, digest, standing

CALL = MessageCall(id="1", type="function", function=CalledFunction(name="get", arguments='{"a":1}'))
USER = ChatMessage(role="user", content="How?")
ASKING = ChatMessage(role="assistant", tool_calls=(CALL,))
ANSWERING = ChatMessage(role="tool", tool_call_id="1", content="So.")


def test_the_step_counts_the_model_calls_since_the_user_spoke() -> None:
    """It begins anew with each user message."""
    first = (USER,)
    second = (USER, ASKING, ANSWERING)
    third = (*second, ASKING, ANSWERING)
    next_turn = (*third, ChatMessage(role="assistant", content="Thus."), USER)

    assert [standing(messages).step for messages in (first, second, third, next_turn)] == [0, 1, 2, 0]


def test_only_results_since_the_user_spoke_count() -> None:
    """Each comes with its call."""
    later = ChatMessage(role="tool", tool_call_id="1", content="Else.")

    at = standing((USER, ASKING, ANSWERING, USER, ASKING, later))

    assert [(result.call.function.name, result.content) for result in at.results] == [("get", "Else.")]


def test_a_transcript_without_a_user_message_has_no_question() -> None:
    """It still has a step."""
    at = standing((ChatMessage(role="system", content="Be brief."), ASKING, ANSWERING))

    assert (at.question, at.step, len(at.results)) == ("", 1, 1)


def test_a_template_is_filled_once() -> None:
    """What a tool returns is text, also where it looks like a placeholder."""
    answer = ChatMessage(role="tool", tool_call_id="1", content="{last_user}")

    at = standing((USER, ASKING, answer))

    assert at.fill("{last_user} {tool_results} {other}") == "How? {last_user} {other}"


def test_text_parts_are_read_as_one_text() -> None:
    """The question may come in parts."""
    parts = (ContentPart(type="text", text="Ho"), ContentPart(type="image_url"), ContentPart(type="text", text="w?"))

    assert standing((ChatMessage(role="user", content=parts),)).question == "How?"


def test_characters_count_texts_names_and_arguments() -> None:
    """They are what the estimate of the usage rests on."""
    assert characters((USER, ASKING, ANSWERING)) == len("How?" + "get" + '{"a":1}' + "So.")


def test_conversations_are_told_apart_by_their_messages() -> None:
    """The same messages give the same digest."""
    assert digest((USER,)) == digest((ChatMessage(role="user", content="How?"),))
    assert digest((USER,)) != digest((USER, ASKING))
