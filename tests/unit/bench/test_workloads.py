"""bench/workloads.py: what is measured, and that it was done."""

from typing import Any

import pytest

from bench.workloads import WORKLOADS, Message, Workload, WrongAnswerError

WORKLOAD = Workload(name="W9", calls=2, tool_ms=5, model_ms=10, runs=6, in_a_row=3)


def _transcript() -> list[Message]:
    calls: list[Any] = [{"id": "a"}, {"id": "b"}]
    answers = [{"role": "tool", "tool_call_id": call["id"], "content": "5"} for call in calls]
    return [*WORKLOAD.messages, {"role": "assistant", "tool_calls": calls}, *answers, {"role": "assistant", "content": WORKLOAD.answer}]


def test_the_workloads_are_those_of_the_published_figures() -> None:
    """Other ones would be another benchmark."""
    assert [(each.calls, each.tool_ms, each.model_ms, each.clients) for each in WORKLOADS] == [
        (3, 300, 50, 1),
        (50, 100, 0, 1),
        (3, 0, 0, 16),
    ]
    assert [each.ideal_ms for each in WORKLOADS] == [400, 100, 0]


def test_a_smaller_workload_asks_the_same() -> None:
    """Only how often it is measured differs."""
    assert WORKLOAD.of_size(2) == WORKLOAD.model_copy(update={"runs": 2, "in_a_row": 2})


def test_the_expected_transcript_is_taken() -> None:
    """Each call was answered once, in its place, and then came the answer."""
    WORKLOAD.check(_transcript())


@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_a_transcript_that_lacks_a_message_is_refused(place: int) -> None:
    """What was left out took no time, so it must not count."""
    transcript = _transcript()
    del transcript[place]

    with pytest.raises(WrongAnswerError, match="W9"):
        WORKLOAD.check(transcript)


def test_a_wrong_tool_result_is_refused() -> None:
    """A tool that failed at once would look fast."""
    transcript = _transcript()
    transcript[2]["content"] = '{"error":{"code":"tool_error","message":"No."}}'

    with pytest.raises(WrongAnswerError):
        WORKLOAD.check(transcript)
