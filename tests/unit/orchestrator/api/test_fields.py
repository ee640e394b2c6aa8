"""Pydantic's errors in the words of the request."""

from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.api.fields import MAX_ERRORS, field_errors
from orchestrator.schemas.request import RunRequest


def _fields(**body: Any) -> dict[str, str]:
    """The refused fields with their messages."""
    with pytest.raises(ValidationError) as refused:
        RunRequest.model_validate({"messages": [{"role": "user", "content": "Hello."}]} | body)
    return {error.field: error.message for error in field_errors(refused.value.errors())}


def test_places_hold_no_names_of_branches() -> None:
    """A field within unions is named as it stands in the request."""
    messages = [
        {"role": "user", "content": [{"type": "text"}, {"type": "audio"}, {"type": "text", "text": "a", "text2": 1}]},
        {"role": "robot"},
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "a b", "arguments": "{}"}}]},
    ]

    assert list(_fields(messages=messages)) == [
        "messages.0.content.0.text",
        "messages.0.content.1.type",
        "messages.0.content.2.text2",
        "messages.1.role",
        "messages.2.tool_calls.0.function.name",
    ]


def test_an_unknown_field_of_openai_comes_with_a_hint() -> None:
    """Who posts OpenAI's own options is told what to do instead."""
    fields = _fields(n=2, whatever=1)

    assert "several runs" in fields["n"]
    assert fields["whatever"] == "Unknown field."


def test_tools_given_as_objects_come_with_a_hint() -> None:
    """Who posts OpenAI's tool objects is told that tools are named."""
    assert "named" in _fields(tools=[{"type": "function", "function": {"name": "get_weather"}}])["tools.0"]


def test_a_key_is_named_by_itself() -> None:
    """An error in a key of the metadata is reported at that key."""
    assert list(_fields(metadata={"k" * 65: "v"})) == [f"metadata.{'k' * 65}"]


def test_errors_are_few_and_short() -> None:
    """However much is wrong, the answer stays small."""
    fields = _fields(**{f"{index}{'x' * 10_000}": 1 for index in range(100)})

    assert len(fields) == MAX_ERRORS
    assert max(map(len, fields)) == 100
