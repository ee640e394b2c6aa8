"""What is done to messages on their way into a queue."""

from pathlib import Path
from typing import Any

import pytest

from tasks.names import TOOL_CALL, TURN_FINISH
from tests.faults.campaign import sabotage
from tests.faults.campaign.sabotage import Deed, Message


def _message(task: str, **kwargs: Any) -> Message:
    return {"body": "", "headers": {"task": task, "kwargsrepr": repr(kwargs)}, "properties": {"delivery_tag": "tag"}}


_CALL = _message(TOOL_CALL)
_CALLBACK = _message(TURN_FINISH, run_id="run_1", turn=1, returned=True)
_DOORBELL = _message(TURN_FINISH, run_id="run_1", turn=1, returned=False)


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """A campaign's folder."""
    sabotage.folder(tmp_path).mkdir()
    return tmp_path


def _published(campaign: Path, *messages: Message) -> list[int]:
    """How many messages are published in the place of each."""
    return [len(sabotage._spoiled(sabotage.folder(campaign), "turns", message)) for message in messages]  # pyright: ignore[reportPrivateUsage] - what every publisher calls


@pytest.mark.parametrize(
    ("deed", "counts"),
    [
        (Deed.LOSE, [0, 0, 0]),
        (Deed.DOUBLE, [2, 2, 2]),
        (Deed.LOSE_CALLBACKS, [1, 0, 1]),
        (Deed.DOUBLE_CALLBACKS, [1, 2, 1]),
    ],
)
def test_a_deed_is_done_while_it_lasts(campaign: Path, deed: Deed, counts: list[int]) -> None:
    """Those about callbacks leave calls and the watcher's doorbells alone."""
    with sabotage.doing(campaign, deed):
        assert _published(campaign, _CALL, _CALLBACK, _DOORBELL) == counts
    assert _published(campaign, _CALL, _CALLBACK, _DOORBELL) == [1, 1, 1]


def test_a_double_has_a_delivery_tag_of_its_own(campaign: Path) -> None:
    """As when it is published twice."""
    with sabotage.doing(campaign, Deed.DOUBLE):
        first, second = sabotage._spoiled(sabotage.folder(campaign), "io", _CALL)  # pyright: ignore[reportPrivateUsage] - as above

    assert first == _CALL
    assert second["properties"]["delivery_tag"] != "tag"
    assert {**second, "properties": first["properties"]} == first


def test_what_is_delayed_is_kept_and_given_once(campaign: Path) -> None:
    """With the queue that it was for."""
    with sabotage.doing(campaign, Deed.DELAY):
        _published(campaign, _CALL)

    assert [queue for queue, _ in sabotage.kept(campaign)] == ["turns"]
    assert sabotage.kept(campaign) == []
