"""How Gemini wants calls and results paired."""

from typing import Any

import pytest

from orchestrator.llm.wires.gemini import pairing
from orchestrator.transcript import IllegalTranscript

USER: dict[str, Any] = {"role": "user", "parts": [{"text": "Hi."}]}
NO_PARTS: dict[str, Any] = {"role": "model", "parts": []}


def calls(*ids: str | None) -> dict[str, Any]:
    """A turn with these calls."""
    return {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}, **({"id": each} if each else {})}} for each in ids]}


def results(*ids: str | None, name: str = "f") -> dict[str, Any]:
    """A turn with results for them."""
    return {
        "role": "user",
        "parts": [{"functionResponse": {"name": name, "response": {}, **({"id": each} if each else {})}} for each in ids],
    }


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param([USER], id="text"),
        pytest.param([USER, calls(None, None), results(None, None)], id="without-ids"),
        pytest.param([USER, calls("a", "b"), results("a", "b"), USER], id="with-ids"),
        pytest.param([USER, calls("a", None), results("a", None), calls("a"), results("a")], id="some-ids-and-again"),
    ],
)
def test_pairs_are_legal(contents: list[Any]) -> None:
    """One turn of calls, one turn of as many results."""
    pairing.check({"contents": contents})


@pytest.mark.parametrize(
    ("contents", "path"),
    [
        pytest.param([USER, calls("a", "b"), results("a")], "contents.2", id="40-fewer-results"),
        pytest.param([USER, calls("a"), results("a", "b")], "contents.2", id="40-more-results"),
        pytest.param([USER, calls("a", "b"), results("a"), results("b")], "contents.2", id="40-results-in-two-turns"),
        pytest.param([USER, calls("a"), calls("b"), results("a", "b")], "contents.2", id="41-calls-in-two-turns"),
        pytest.param([USER, calls("a", "b"), results("b", "a")], "contents.2.parts.0.functionResponse.id", id="order"),
        pytest.param([USER, calls("a"), results(None)], "contents.2.parts.0.functionResponse.id", id="id-lost"),
        pytest.param([USER, calls(None), results("x")], "contents.2.parts.0.functionResponse.id", id="id-made-up"),
        pytest.param([USER, calls("a"), results("a", name="g")], "contents.2.parts.0.functionResponse.name", id="name"),
        pytest.param([USER, calls("a")], "contents.1", id="no-results"),
        pytest.param([USER, calls("a"), USER], "contents.2", id="something-between"),
        pytest.param([USER, results("a")], "contents.1", id="no-calls"),
        pytest.param([calls("a"), results("a")], "contents.0", id="calls-first"),
        pytest.param([USER, NO_PARTS], "contents.1.parts", id="no-parts"),
        pytest.param([{**USER, "role": "tool"}], "contents.0.role", id="role"),
    ],
)
def test_what_gemini_would_refuse_is_found(contents: list[Any], path: str) -> None:
    """With its place."""
    with pytest.raises(IllegalTranscript) as caught:
        pairing.check({"contents": contents})
    assert caught.value.path == path
