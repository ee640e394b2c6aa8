"""Our names of calls and of what Redis keeps for them."""

import pytest

from tasks.names import CallKey, window_key


def test_a_task_id_names_its_call_and_attempt() -> None:
    """The task id of an attempt leads back to it."""
    key = CallKey("run_1", 2, 30)

    assert key.task_id(4) == "run_1.2.30.4"
    assert CallKey.of_task(key.task_id(4)) == (key, 4)


@pytest.mark.parametrize(
    "task_id", ["", "run_1", "run_1.2.3", "run_1.2.3.x", "run_1.2.3.4.5", "8f3c5b1e-7c1d-4a5e-9d1b-0f2a3b4c5d6e", "a.-1.2.3"]
)
def test_another_task_id_names_no_call(task_id: str) -> None:
    """Events of tasks that are not tool calls are told apart by their ids."""
    assert CallKey.of_task(task_id) is None


def test_the_keys_of_calls_differ() -> None:
    """No two calls, and no two keys of one call, share a Redis key."""
    calls = [CallKey("run_1", turn, index) for turn in (1, 11) for index in (1, 11)]
    keys = {name for call in calls for name in (call.grant, call.lease, call.result)}

    assert len(keys) == 12
    assert calls[0].window == window_key("run_1", 1)
