"""Final answers that must have a form."""

from typing import Any

import pytest
from pydantic import JsonValue

from orchestrator.api.render import run_object
from orchestrator.llm.model import ModelReply
from tests.integration.loop import Make, asks, says

FORM: dict[str, JsonValue] = {
    "name": "weather",
    "answer_schema": {"type": "object", "properties": {"celsius": {"type": "number"}}, "required": ["celsius"]},
    "description": None,
    "strict_schema": None,
}
WANTED: dict[str, Any] = {"response_format": FORM}


def test_a_valid_answer_is_parsed(make: Make) -> None:
    """The text is the output, and its value is shown beside it."""
    bench = make(says('{"celsius": 21.5}'))

    view = bench.run(**WANTED)

    shown = run_object(view)
    assert (shown.status, shown.output, shown.output_parsed, shown.repairs) == ("completed", '{"celsius": 21.5}', {"celsius": 21.5}, 0)
    assert bench.model.requests[0].response_format is not None
    assert bench.model.requests[0].response_format.name == "weather"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("It is warm.", "it is not JSON"),
        ('{"celsius": "21"}', "celsius must be of type number, not a string"),
        ("[]", "the object must be of type object, not an array"),
        ('{"celsius": NaN}', "it is not JSON"),
        ('{"celsius": 1, "where": "\\ud800"}', "half a surrogate pair"),
        (f'{{"celsius": 1, "where": {"[" * 300}{"]" * 300}}}', "nested deeper than 64 levels"),
    ],
)
def test_an_invalid_answer_is_mended(make: Make, text: str, told: str) -> None:
    """The model is told as by a user, in a message that stays in the transcript."""
    bench = make(says(text), says('{"celsius": 21}'))

    view = bench.run(**WANTED)

    shown = run_object(view)
    assert (shown.status, shown.output_parsed, shown.repairs) == ("completed", {"celsius": 21}, 1)
    assert [message["role"] for message in view.messages] == ["user", "assistant", "user", "assistant"]
    assert told in str(bench.model.sent(1)[-1]["content"])


def test_answers_that_stay_invalid_end_the_run(make: Make) -> None:
    """What there is is shown, and has no value. Nobody is told after the last answer."""
    view = make(says("Warm."), says("Still warm.")).run(**WANTED)

    shown = run_object(view)
    assert (shown.status, shown.output, shown.output_parsed) == ("incomplete", "Still warm.", None)
    assert shown.incomplete_details is not None
    assert shown.incomplete_details.reason == "invalid_output"
    assert [message["role"] for message in shown.messages] == ["user", "assistant", "user", "assistant"]


def test_tools_run_before_the_answer(make: Make) -> None:
    """Words beside calls are no answer yet."""
    bench = make(asks("lookup"), says('{"celsius": 1}'))
    run_id = bench.start(**WANTED)
    bench.turns.advance(run_id)
    bench.work(run_id, 0)
    bench.turns.finish(run_id, 1, returned=True)

    assert run_object(bench.view(run_id)).output_parsed == {"celsius": 1}


def test_an_answer_that_was_cut_off_is_not_mended(make: Make) -> None:
    """It would be cut off again."""
    view = make(ModelReply(content='{"celsius":', finish_reason="length")).run(**WANTED)

    assert (view.run.status, view.run.incomplete_reason, len(view.turns)) == ("incomplete", "max_output_tokens", 1)
