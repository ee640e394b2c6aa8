"""What is asked for, before it is stored."""

from orchestrator.runs import NewRun

_NEW = NewRun(
    messages=({"role": "user", "content": "x"},),
    model="m",
    tools=("a",),
    max_turns=3,
    max_parallel_tool_calls=8,
    deadline_s=600,
    options={"seed": 1},
)


def test_a_fingerprint_holds_over_versions() -> None:
    """Keys live for a day, and a request that is sent again while the API is replaced meets the one that another version wrote."""
    assert _NEW.fingerprint == "90c6dccb8e77385315713b24c2c15f38c2b20100d34f981ab9bf30d13ac17b07"


def test_a_fingerprint_tells_requests_apart() -> None:
    """Also by what came later."""
    other = _NEW.model_copy(update={"max_total_tokens": 5, "idempotency_key": "k"})

    assert other.fingerprint != _NEW.fingerprint == _NEW.model_copy(update={"idempotency_key": "k"}).fingerprint
