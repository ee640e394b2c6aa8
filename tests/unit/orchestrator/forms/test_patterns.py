"""Which patterns are matched."""

import pytest

from orchestrator.forms import patterns


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^\w{1,64}$", "Zo\u00eb"),
        (r"^[a-z0-9._-]{1,64}@[a-z0-9.-]{1,255}$", "a@example.com"),
        (r"^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(:\d{2})?)?$", "2026-11-21T10:00"),
        (r"^(?P<first>\p{Lu})\p{L}{0,40}$", "Anna"),
        (r"^.{1,2000}$", "a"),
    ],
)
def test_usual_patterns_are_matched(pattern: str, text: str) -> None:
    """Groups, and repetitions as people write them."""
    assert patterns.compiled(pattern) is not None
    assert patterns.matches(pattern, text)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w{250}",
        r"(\w{12}){20}",
        r"\w{12}{20}",
        r"(.{100}){99}",
        r"([^a]{100}){99}",
        r"(?:\w?{12}){20}",
        r"[\w-]{150}",
        r"[a[\w]]{150}",
        r"[]abcdefghijklmnopqrstuvwxyz]{500}",
        r"(?x)\w {150}",
        r"((((a{10}){10}){10}){11})",
        r"a{0,30000}",
        r"(?=a)b",
        "a" * 1001,
        "a)",
    ],
)
def test_large_ones_are_not(pattern: str) -> None:
    """Each would take the engine megabytes, however short it is."""
    assert patterns.compiled(pattern) is None
