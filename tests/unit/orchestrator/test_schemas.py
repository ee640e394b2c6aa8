"""What a caller may post, beyond what the routes' tests show."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from orchestrator.schemas.messages import Message
from orchestrator.schemas.request import RunRequest

_USER: dict[str, Any] = {"role": "user", "content": "Hello."}


def _read(**fields: Any) -> RunRequest:
    return RunRequest.model_validate({"messages": [_USER]} | fields)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}], "name": "ops"},
        {"role": "user", "content": ""},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
        {"role": "assistant", "content": "Hello."},
        {"role": "assistant", "content": None, "refusal": "No.", "audio": None, "annotations": [], "reasoning_details": [{"a": 1}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": "c",
                    "type": "function",
                    "function": {"name": "f", "arguments": ""},
                    "extra_content": {"google": {"thought_signature": "x"}},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "{}"}]},
    ],
)
def test_a_message_is_kept_as_it_was_posted(message: dict[str, Any]) -> None:
    """No field is added, none is dropped, and writing it causes no warning."""
    assert RunRequest.model_validate({"messages": [message]}).posted_messages() == [message]


@pytest.mark.parametrize(("count", "accepted"), [(1, True), (10_000, True), (10_001, False)])
def test_messages_are_counted(count: int, accepted: bool) -> None:  # noqa: FBT001 - a case's expectation
    """Up to ten thousand messages are a request."""
    try:
        RunRequest.model_validate({"messages": [_USER] * count})
    except ValidationError:
        assert not accepted
    else:
        assert accepted


def test_all_tools_is_a_word() -> None:
    """Tools are names, all of them, or none."""
    assert (_read(tools="all").tools, _read(tools=["a"]).tools, _read().tools) == ("all", ["a"], [])


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({}, {}),
        ({"stop": "END"}, {"stop": "END"}),
        ({"tool_choice": "required", "parallel_tool_calls": False}, {"tool_choice": "required", "parallel_tool_calls": False}),
        ({"temperature": 0, "max_turns": 3, "metadata": {"a": "b"}}, {"temperature": 0}),
    ],
)
def test_options_are_those_of_the_model_call(fields: dict[str, Any], options: dict[str, Any]) -> None:
    """What was left out, and what is ours, does not reach the provider."""
    assert _read(**fields).options() == options


def test_schemas_can_be_described() -> None:
    """Every kind of message has a JSON schema, for the API's description."""
    schema = TypeAdapter[Any](Message).json_schema()

    assert {"SystemMessage", "UserMessage", "AssistantMessage", "ToolMessage"} <= set(schema["$defs"])


_ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool", "robot"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "id", "function"]), part),
)


@given(
    st.dictionaries(
        st.sampled_from([*RunRequest.model_fields, "stream"]), _JSON | st.lists(st.fixed_dictionaries({"role": _ROLES, "content": _JSON}))
    )
)
def test_whatever_is_posted_is_read_or_refused(body: dict[str, Any]) -> None:
    """No JSON causes anything but an error of a field, and what is read can be written."""
    with suppress(ValidationError):
        posted = RunRequest.model_validate(body)
        assert posted.posted_messages() == body["messages"]
        posted.options()
