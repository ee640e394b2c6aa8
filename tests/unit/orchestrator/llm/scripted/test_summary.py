"""The demo's final answers."""

import pytest

from orchestrator.llm.scripted.request import CalledFunction, MessageCall
from orchestrator.llm.scripted.summary import nothing_fits, summary
from orchestrator.llm.scripted.transcript import Result


def said(arguments: str, content: str) -> str:
    """The line for one result."""
    call = MessageCall(id="1", type="function", function=CalledFunction(name="get", arguments=arguments))
    return summary((Result(call, content),)).splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "content", "line"),
    [
        ('{"topic":"AI"}', '["One","Two"]', "- get(AI): One; Two"),
        ('{"ticker":"AAPL"}', '{"ticker":"AAPL","price":198.5,"open":true}', "- get(AAPL): price 198.5, open true"),
        ('{"a":1}', '{"a":1}', "- get(1): a 1"),
        ("{}", "plain words", "- get(): plain words"),
        ("{broken", '{"error":{"code":"timed_out","message":"Too slow."}}', "- get(): error code timed_out, message Too slow."),
    ],
)
def test_a_result_is_told_in_plain_words(arguments: str, content: str, line: str) -> None:
    """Objects, lists, texts and errors alike."""
    assert said(arguments, content) == line


def test_a_long_result_is_cut() -> None:
    """An answer stays readable."""
    assert len(said("{}", "x" * 10_000)) < 400


def test_a_long_question_is_cut() -> None:
    """It is only repeated to be recognised."""
    assert len(nothing_fits("x" * 10_000)) < 500
