"""What all wire formats share."""

from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.wires.base import encoded, event, fault_headers


def test_retry_after_may_be_a_fraction() -> None:
    """And is left out where the script says nothing."""
    assert fault_headers(ErrorFault(retry_after_s=0.25, headers={"x-a": "b"})) == {"retry-after": "0.25", "x-a": "b"}
    assert fault_headers(ErrorFault()) == {}


def test_an_event_may_have_a_name() -> None:
    """Its data is one line of compact JSON."""
    assert event({"a": [1]}) == b'data: {"a":[1]}\n\n'
    assert event({}, "ping") == b"event: ping\ndata: {}\n\n"


def test_any_text_can_be_encoded() -> None:
    """Also what UTF-8 cannot hold."""
    assert encoded("\ud800 ü") == b'"\\ud800 \\u00fc"'
