"""A chat-completion request."""

from orchestrator.llm.scripted.request import ChatMessage, ChatRequest, StreamOptions

HELLO = ChatMessage(role="user", content="Hello")


def test_a_request_without_tools_offers_no_functions() -> None:
    """Nor does its message hold calls."""
    request = ChatRequest(model="scripted", messages=(HELLO,))

    assert request.functions == ()
    assert request.messages[0].calls == ()


def test_a_message_without_content_has_an_empty_text() -> None:
    """As one with tool calls does."""
    assert ChatMessage(role="assistant").text == ""


def test_a_usage_chunk_is_wanted_only_on_request() -> None:
    """OpenAI sends none by itself."""
    options = (None, StreamOptions(), StreamOptions(include_usage=True))

    wanted = [ChatRequest(model="scripted", messages=(HELLO,), stream=True, stream_options=each).wants_usage_chunk for each in options]

    assert wanted == [False, False, True]
