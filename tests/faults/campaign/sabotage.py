"""Loses, doubles and holds back messages on their way into a queue.

The campaign's Celery workers load this module (`--include`). What is to be done is in a folder: a file for each deed,
with its probability. So a deed holds for every message that a worker or a coordinator publishes while it lasts, and
dropped callbacks are dropped without exception.
"""

import json
import os
import random
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from tasks import transport
from tasks.names import DEFAULT_QUEUE, IO_QUEUE, TURN_FINISH, TURNS_QUEUE

#: Names the folder.
VARIABLE: Final = "CAMPAIGN_SABOTAGE"
QUEUES: Final = (TURNS_QUEUE, IO_QUEUE, DEFAULT_QUEUE)

Message = dict[str, Any]


class Deed(StrEnum):
    """What may be done to messages."""

    LOSE = "lose"
    DOUBLE = "double"
    #: A copy of each is kept for later, half of them in the place of the message itself.
    DELAY = "delay"
    LOSE_CALLBACKS = "lose-callbacks"
    DOUBLE_CALLBACKS = "double-callbacks"


def folder(campaign: Path) -> Path:
    """Where a campaign's deeds are."""
    return campaign / "sabotage"


@contextmanager
def doing(campaign: Path, deed: Deed, probability: float = 1.0) -> Generator[None]:
    """The deed, for as long as the block lasts."""
    order = folder(campaign) / deed
    draft = order.with_suffix(".draft")
    draft.write_text(str(probability))
    draft.rename(order)
    try:
        yield
    finally:
        order.unlink(missing_ok=True)


def kept(campaign: Path) -> list[tuple[str, Message]]:
    """The queues and messages that were kept for later; they are given once."""
    found: list[tuple[str, Message]] = []
    for path in folder(campaign).glob("*.kept"):
        queue, message = json.loads(path.read_text())
        found.append((queue, message))
        path.unlink()
    return found


def renewed(message: Message) -> Message:
    """A copy with a delivery tag of its own, as if it had been published again."""
    return {**message, "properties": {**message["properties"], "delivery_tag": str(uuid.uuid4())}}


def _is_callback(message: Message) -> bool:
    """Whether it is the chord's own, and not a doorbell of the watcher's."""
    headers = message.get("headers", {})
    return headers.get("task") == TURN_FINISH and "'returned': True" in str(headers.get("kwargsrepr"))


def _chosen(orders: Path, deed: Deed) -> bool:
    try:
        return random.random() < float((orders / deed).read_text())
    except OSError:
        return False


def _spoiled(orders: Path, queue: str, message: Message) -> list[Message]:
    """What is published in the place of the message."""
    callback = _is_callback(message)
    if _chosen(orders, Deed.LOSE) or (callback and _chosen(orders, Deed.LOSE_CALLBACKS)):
        return []
    if _chosen(orders, Deed.DOUBLE) or (callback and _chosen(orders, Deed.DOUBLE_CALLBACKS)):
        return [message, renewed(message)]
    if _chosen(orders, Deed.DELAY):
        (orders / f"{uuid.uuid4().hex}.kept").write_text(json.dumps([queue, renewed(message)]))
        return [message] if random.random() < 0.5 else []
    return [message]


def _sabotage(orders: Path) -> None:
    put = transport.Channel._put  # pyright: ignore[reportPrivateUsage] - the last step before Redis has no other name

    def spoil(self: transport.Channel, queue: str, message: Message, **kwargs: Any) -> None:
        for one in _spoiled(orders, queue, message) if queue in QUEUES else [message]:
            put(self, queue, one, **kwargs)

    transport.Channel._put = spoil  # pyright: ignore[reportPrivateUsage] - as above


if VARIABLE in os.environ:
    _sabotage(Path(os.environ[VARIABLE]))
