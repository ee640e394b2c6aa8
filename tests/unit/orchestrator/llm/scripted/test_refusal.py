"""What is wrong with a request's form."""

import pytest
from pydantic import ValidationError

from orchestrator.llm.scripted.refusal import RequestError, first_flaw, read_json, unknown_keys
from orchestrator.llm.scripted.request import ChatRequest


def flaw_of(body: object) -> tuple[str, str]:
    """The place and the kind of the first flaw."""
    with pytest.raises(ValidationError) as caught:
        ChatRequest.model_validate(body)
    found = first_flaw(caught.value, body)  # pyright: ignore[reportArgumentType] - the tests' bodies are JSON
    return found.where, found.type


def test_the_innermost_flaw_counts() -> None:
    """Not that another member of a union does not fit."""
    assert flaw_of({"model": "a", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}) == (
        "messages[0].content[0].type",
        "missing",
    )
    assert flaw_of([]) == ("", "model_type")


def test_a_flaw_of_the_script_is_explained() -> None:
    """It is none of the provider's."""
    body = {"model": "a", "messages": [{"role": "user"}], "script": {"replies": [{"contnt": "a"}]}}

    with pytest.raises(RequestError, match=r"script.replies\[0\].contnt: Extra inputs|script.*contnt: Extra inputs") as caught:
        flaw_of(body)
    assert caught.value.code == "invalid_script"


def test_a_body_is_json() -> None:
    """Or none at all."""
    assert read_json(b'{"a": [1, null]}') == {"a": [1, None]}
    for broken in (b"", b"{", b"[" * 100_000):
        with pytest.raises(ValueError, match="line 1"):
            read_json(broken)


def test_the_script_is_known_to_all() -> None:
    """Other keys are the provider's."""
    assert unknown_keys({"a": 1, "b": 2, "script": 3}, ["b"]) == ["a"]
