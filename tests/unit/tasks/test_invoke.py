"""tasks/invoke.py: one call of one tool, from text to outcome."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue, TypeAdapter, field_validator
from structlog.testing import capture_logs

from tasks.context import ToolContext
from tasks.errors import RetryTool, ToolError, ToolFailed, ToolInputError, ToolTimeout
from tasks.invoke import invoke, run_here
from tasks.messages import CallOutcome, Outcome
from tasks.tool import Tool, tool


@tool
def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@tool
def echo(value: JsonValue) -> object:
    """Give the value back."""
    return value


class _Badly(ToolFailed):
    def __str__(self) -> str:
        raise RuntimeError("secret")


def _failing(error: Callable[[], BaseException]) -> Tool[..., object]:
    """A tool that raises the error."""

    @tool
    def work(city: str = "Tokyo") -> None:
        """Work."""
        del city
        raise error()

    return work


def _error(outcome: CallOutcome) -> tuple[Outcome, str, str]:
    """How the call ended; the model must be told the same."""
    assert outcome.error is not None
    assert json.loads(outcome.content) == {"error": {"code": outcome.error.code, "message": outcome.error.message}}
    return outcome.outcome, outcome.error.code, outcome.error.message


# What succeeds


@pytest.mark.parametrize("arguments", ['{"a": 2, "b": 3}', {"a": 2, "b": 3}])
def test_arguments_come_as_text_or_as_a_mapping(arguments: str | Mapping[str, Any]) -> None:
    """Text is what the model wrote, a mapping is for tests and the command line."""
    assert invoke(add, arguments) == CallOutcome(outcome=Outcome.SUCCEEDED, content="5")


def test_defaults_are_the_functions_own() -> None:
    """What the model leaves out, or sends as null, is not passed."""
    assert invoke(add, '{"a": 2}').content == "3"
    assert invoke(add, '{"a": 2, "b": null}').content == "3"


@pytest.mark.parametrize("arguments", ["", "  ", "null", "{}"])
def test_no_arguments_may_be_written_in_four_ways(arguments: str) -> None:
    """Providers disagree."""

    @tool
    def ping() -> str:
        """Ping."""
        return "pong"

    assert invoke(ping, arguments).content == "pong"


def test_an_async_tool_runs_in_a_loop_of_its_own() -> None:
    """No worker is needed to try a tool."""

    @tool
    async def fetch(url: str) -> str:
        """Fetch."""
        await asyncio.sleep(0)
        return url

    assert invoke(fetch, {"url": "a"}).content == "a"


def test_the_function_receives_python_values() -> None:
    """Not JSON."""

    @tool
    def weekday(day: date) -> str:
        """Tell the weekday."""
        return day.strftime("%A")

    assert invoke(weekday, {"day": "2026-11-20"}).content == "Friday"


def test_the_context_is_handed_over() -> None:
    """Under the name that the author chose."""

    @tool
    def who(*, call: ToolContext) -> str:
        """Tell."""
        return call.idempotency_key

    assert invoke(who, "", ToolContext.fake(idempotency_key="k")).content == "k"
    assert invoke(who, "").content == "run_test.0.0"


def test_the_model_cannot_fill_in_the_context() -> None:
    """It is no parameter of the tool's."""

    @tool
    def who(call: ToolContext) -> str:
        """Tell."""
        return call.run_id

    assert _error(invoke(who, '{"call": {"run_id": "other"}}'))[1] == "invalid_arguments"


def test_the_runner_decides_how_the_function_runs() -> None:
    """It is given the bare function and its arguments by name."""
    seen: list[object] = []

    def run(function: Callable[..., object], arguments: Mapping[str, object]) -> object:
        seen.append((function, dict(arguments)))
        return run_here(function, arguments)

    assert invoke(add, '{"a": 2}', None, run).content == "3"
    assert seen == [(add.function, {"a": 2})]


def test_a_large_result_is_cut_to_the_tools_own_limit() -> None:
    """The outcome says so."""

    @tool(max_result_bytes=300)
    def read() -> str:
        """Read."""
        return "x" * 1000

    outcome = invoke(read, "")

    assert outcome.truncated
    assert len(outcome.content) <= 300


# What the model has to mend


@pytest.mark.parametrize(
    "arguments",
    [
        '{"a": 1',
        '{"a": 1}{"a": 2}',
        "[]",
        "3",
        '"text"',
        '"{\\"a\\": 1}"',
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a": ' + "9" * 5000 + "}",
        '{"a": 1e999}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        '{"a": "one"}',
        '{"b": 1}',
        '{"a": null}',
        '{"a": 1, "c": 2}',
        '{"a": "' + "1" * 5_000_000 + '"}',
    ],
    ids=range(18),
)
def test_bad_arguments_never_reach_the_tool(arguments: str) -> None:
    """The model is told what is wrong, in few words."""
    ran: list[object] = []

    def run(function: Callable[..., object], arguments: Mapping[str, object]) -> object:
        ran.append((function, arguments))
        return None

    outcome, code, message = _error(invoke(add, arguments, None, run))

    assert ran == []
    assert (outcome, code) == (Outcome.FAILED, "invalid_arguments")
    assert len(message) < 500


def test_a_mapping_that_is_no_json_is_refused_too() -> None:
    """A test sees the same door as the model."""
    assert _error(invoke(add, {"a": object()}))[1] == "invalid_arguments"
    assert _error(invoke(add, {"a": float("nan")}))[1] == "invalid_arguments"


@given(st.text())
def test_any_text_as_arguments_is_an_outcome(text: str) -> None:
    """Nothing escapes."""
    assert invoke(add, text).outcome in {Outcome.SUCCEEDED, Outcome.FAILED}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | st.text("abé\n\"'"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
    max_leaves=20,
)


@given(json_values)
def test_any_json_value_goes_through_and_comes_back(value: JsonValue) -> None:
    """Neither reading nor writing changes it."""
    outcome = invoke(echo, json.dumps({"value": value}))

    assert outcome.content == value if isinstance(value, str) else json.loads(outcome.content) == value


# What a tool raises


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (lambda: ToolInputError("No such city."), "tool_input_error", "No such city."),
        (ToolInputError, "tool_input_error", "The tool cannot work with these arguments. Change them and call again."),
        (lambda: ToolFailed("Sold out."), "tool_failed", "Sold out."),
        (lambda: ToolFailed("a\x00\ud800"), "tool_failed", "a\ufffd\ufffd"),
        (lambda: ToolFailed("x" * 10_000), "tool_failed", "x" * 2000),
        (_Badly, "tool_failed", "_Badly"),
        (lambda: RetryTool("Busy."), "retry_wanted", "Busy."),
        (lambda: RuntimeError("secret"), "tool_error", "The tool failed with an internal error (RuntimeError)."),
        (lambda: TimeoutError("secret"), "tool_error", "The tool failed with an internal error (TimeoutError)."),
        (lambda: RecursionError("secret"), "tool_error", "The tool failed with an internal error (RecursionError)."),
        (lambda: SystemExit(1), "tool_error", "The tool failed with an internal error (SystemExit)."),
        (KeyboardInterrupt, "tool_error", "The tool failed with an internal error (KeyboardInterrupt)."),
        (GeneratorExit, "tool_error", "The tool failed with an internal error (GeneratorExit)."),
        (asyncio.CancelledError, "tool_error", "The tool failed with an internal error (CancelledError)."),
        (lambda: BaseExceptionGroup("g", [ToolFailed()]), "tool_error", "The tool failed with an internal error (ExceptionGroup)."),
        (ToolError, "tool_error", "The tool failed with an internal error (ToolError)."),
    ],
    ids=range(16),
)
def test_whatever_a_tool_raises_is_a_failed_outcome(error: Callable[[], BaseException], code: str, message: str) -> None:
    """What its author wrote for the model is told; any other exception gives its class alone."""
    with capture_logs():
        outcome = invoke(_failing(error), "")

    assert _error(outcome) == (Outcome.FAILED, code, message)


def test_an_async_tools_errors_are_outcomes_too() -> None:
    """The event loop does not hide them."""

    @tool
    async def leave() -> None:
        """Leave."""
        raise SystemExit(3)

    with capture_logs():
        assert _error(invoke(leave, ""))[1] == "tool_error"


@pytest.mark.parametrize(
    ("after_s", "attempt", "wait_s"),
    [(1.5, 1, 1.5), (0, 1, 0), (-3, 1, 0), (None, 1, 1), (None, 3, 4), (None, 1000, 30), (float("nan"), 1, 1), (float("inf"), 2, 2)],
)
def test_a_retry_says_when(after_s: float | None, attempt: int, wait_s: float) -> None:
    """The tool's own wish counts; without one the wait doubles up to 30 s."""
    outcome = invoke(_failing(lambda: RetryTool("Busy.", after_s)), "", ToolContext.fake(attempt=attempt))

    assert outcome.retry_in_s == wait_s


def test_only_a_retry_says_when() -> None:
    """Any other failure is not repeated."""
    assert invoke(_failing(ToolFailed), "").retry_in_s is None


def test_a_runners_timeout_is_its_own_outcome() -> None:
    """The model reads what the runner says."""
    outcome = _error(invoke(_failing(lambda: ToolTimeout("Over after 5 s.")), ""))

    assert outcome == (Outcome.TIMED_OUT, "timed_out", "Over after 5 s.")


def test_a_cancelled_call_is_its_own_outcome() -> None:
    """A cancellation that follows the run's is no failure of the tool."""
    context = ToolContext.fake()
    context.cancel_event.set()

    assert _error(invoke(_failing(asyncio.CancelledError), "", context))[:2] == (Outcome.CANCELLED, "cancelled")


def test_a_result_that_is_no_json_names_its_type() -> None:
    """The author has to mend the tool."""

    @tool
    def work() -> object:
        """Work."""
        return object()

    with capture_logs():
        outcome, code, message = _error(invoke(work, ""))

    assert (outcome, code) == (Outcome.FAILED, "unserialisable_result")
    assert "'object'" in message


def test_a_validation_error_of_the_tools_own_is_not_the_models_fault() -> None:
    """A tool may validate what it fetched."""

    @tool
    def fetch() -> int:
        """Fetch."""
        return TypeAdapter(int).validate_python("secret")

    with capture_logs():
        assert _error(invoke(fetch, ""))[1] == "tool_error"


def test_a_validator_that_crashes_is_not_the_models_fault() -> None:
    """Only what pydantic calls an error is."""

    class Wrong(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def _crash(cls, n: int) -> int:
            raise KeyError(n)

    def work(wrong: Wrong) -> None:
        """Work."""

    work.__annotations__["wrong"] = Wrong
    with capture_logs():
        assert _error(invoke(tool(work), '{"wrong": {"n": 1}}'))[1] == "tool_error"


# What is logged


def test_a_fault_is_logged_without_arguments_or_its_text() -> None:
    """The log says which tool, which call, which class and where; secrets stay out."""
    with capture_logs() as logs:
        invoke(_failing(lambda: RuntimeError("s3cret")), {"city": "s3cret-city"}, ToolContext.fake(tool_call_id="run_1.0.0"))

    assert [(log["event"], log["tool"], log["tool_call_id"], log["error"]) for log in logs] == [
        ("tool_fault", "work", "run_1.0.0", "RuntimeError")
    ]
    assert "in work" in logs[0]["traceback"]
    assert "s3cret" not in str(logs)


def test_a_deep_traceback_is_cut() -> None:
    """A million frames give a short log."""

    @tool
    def dive() -> None:
        """Dive."""
        dive()

    with capture_logs() as logs:
        invoke(dive, "")

    assert len(logs[0]["traceback"]) < 5000


def test_what_a_tool_says_on_purpose_is_not_logged() -> None:
    """It is the tool's answer, not a fault."""
    with capture_logs() as logs:
        for error in (ToolFailed, ToolInputError, RetryTool, ToolTimeout):
            invoke(_failing(error), "")

    assert logs == []
