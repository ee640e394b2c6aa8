"""What Anthropic's record says of its models."""

import pytest

from orchestrator.llm.providers.anthropic import ANTHROPIC

NEWEST = ["claude-fable-5-2", "claude-mythos-5-2", "claude-haiku-5-5", "claude-sonnet-5-5", "claude-fable-5-1", "claude-opus-5-5"]
CURRENT = [
    "claude-sonnet-5",
    "claude-fable-5",
    "claude-mythos-5",
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-opus-4-6",
    "claude-sonnet-4-6",
]
WITHOUT_EFFORT = ["claude-haiku-4-5-20251001", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"]
OLD = ["claude-opus-4-1-20250805", "claude-sonnet-4-20250514", "claude-sonnet-4@20250514", "claude-3-7-sonnet-20250219", "claude-opus-4-0"]


@pytest.mark.parametrize("model", NEWEST + CURRENT + WITHOUT_EFFORT + OLD)
def test_what_each_model_can_do(model: str) -> None:
    """From the documentation of each generation."""
    can = ANTHROPIC.of_model(model)
    assert can.forced_choice == (model not in NEWEST or "haiku" in model)
    assert can.bound_thinking == (model in NEWEST and "mythos" not in model)
    assert ("reasoning_effort" in can.sampling) == (model in NEWEST + CURRENT)
    assert (can.strict, can.response_format) == ((False, "tool") if model in OLD else (True, "native"))


def test_no_model_is_sent_what_the_api_version_refuses() -> None:
    """Since 2026-10-21."""
    assert not ANTHROPIC.of_model("claude-haiku-4-5").sampling & {"temperature", "top_p", "seed"}


@pytest.mark.parametrize("variable", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"])
def test_one_of_three_variables_is_enough(variable: str) -> None:
    """A key, a token, or a server that may need neither."""
    assert ANTHROPIC.problem({variable: "x"}) is None
    assert "ANTHROPIC_API_KEY" in (ANTHROPIC.problem({}) or "")
