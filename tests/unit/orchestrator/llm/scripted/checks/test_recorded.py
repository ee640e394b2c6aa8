"""The checks against recorded traffic: what providers took is taken, and what they refused for its form is refused."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.llm.scripted.checks import chat, gemini, messages, openrouter, responses
from orchestrator.llm.scripted.refusal import RequestError
from tests.replay import CASSETTES, Interaction, cassettes, interactions

needs_recordings = pytest.mark.skipif(not CASSETTES.is_dir(), reason=f"there is no recorded traffic at {CASSETTES}")
_NONE = pytest.param(None, "", id="none", marks=needs_recordings)

#: What an interaction's operation is checked by.
CHECKS: dict[str, Callable[[Any], object]] = {
    "completions": chat.check,
    "chat": chat.check,
    "responses": responses.check,
    "messages": messages.check,
    "invoke": messages.check,
}
#: Refused by DeepSeek and by OpenAI; Groq's refusals are of what its model said, not of the request.
REFUSED = {
    "pydantic-ai_deepseek_400_interleaved_calls": "No tool output found for function call call-a",
    "pydantic-ai_responses_400_reasoning_without_item": "was provided without its required following item",
}


def check(interaction: Interaction) -> None:
    """The recorded request by the rules of its format."""
    if interaction.operation in {"generateContent", "streamGenerateContent"}:
        model = re.search(r"models/([^:]+)", interaction.path)
        gemini.check(interaction.request, model=model[1] if model else "")
    elif interaction.path.startswith("/api/v1/"):
        openrouter.check(interaction.request)
    elif interaction.operation in CHECKS:
        CHECKS[interaction.operation](interaction.request)


def recorded() -> list[Any]:
    """Each interaction, called by its file and position."""
    found = [(file.stem, position, each) for file in cassettes() for position, each in enumerate(interactions(file))]
    return [pytest.param(each, name, id=f"{name}-{position}") for name, position, each in found] or [_NONE]


@pytest.mark.parametrize(("interaction", "name"), recorded())
def test_a_recorded_request_is_judged_as_its_provider_did(interaction: Interaction, name: str) -> None:
    """By its status."""
    if interaction.status < 300 or name not in REFUSED:
        check(interaction)
        return
    with pytest.raises(RequestError, match=REFUSED[name]):
        check(interaction)


@needs_recordings
def test_a_recorded_refusal_of_each_kind_is_among_them() -> None:
    """The table above can fail."""
    refused = {file.stem for file in cassettes() for each in interactions(file) if each.status >= 400}

    assert set(REFUSED) <= refused
