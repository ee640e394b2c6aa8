"""What states mean to a reader."""

import pytest

from orchestrator.cli import states
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.schemas.run import RunObject
from tests.unit.orchestrator.cli.service import RUN_ID, call, run


def _run(status: str, **fields: object) -> RunObject:
    return RunObject.model_validate(run(status, **fields))


def test_a_completed_run_is_a_success() -> None:
    """The command ends with 0."""
    states.require_completed(_run("completed"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"status": "failed", "error": {"code": "rate_limited", "message": "Too many requests."}},
            "The run failed: Too many requests (rate_limited).",
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "deadline"}},
            "The run is incomplete: its deadline passed; a greater `deadline_s` gives it more time (deadline).",
        ),
        ({"status": "cancelled"}, "The run was cancelled."),
    ],
)
def test_another_end_is_told_with_its_reason(fields: dict[str, object], said: str) -> None:
    """And with the command that shows more."""
    with pytest.raises(CommandError) as raised:
        states.require_completed(_run(**fields))  # pyright: ignore[reportArgumentType] - every case has a status

    assert raised.value.code == ExitCode.FAILED
    assert str(raised.value) == f"{said} See `toolchord runs show {RUN_ID}`."


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (_run("queued", tool_calls=[]), "queued"),
        (_run("in_progress", tool_calls=[]), "waiting for the model, scripted"),
        (_run("in_progress", tool_calls=[call(0, "a", "queued"), call(1, "b", "in_progress")]), "waiting for 2 tool calls"),
        (_run("in_progress", tool_calls=[call(0, "a", "queued")]), "waiting for 1 tool call"),
    ],
)
def test_an_open_run_tells_what_it_waits_for(run: RunObject, said: str) -> None:
    """In words for the line under the bars."""
    assert states.doing(run) == said
