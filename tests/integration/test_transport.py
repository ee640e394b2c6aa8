"""Our transport on a real Redis."""

from contextlib import suppress
from typing import Any

from celery import Celery
from kombu import Consumer, Queue

from tasks.names import IO_QUEUE


def test_a_message_that_comes_while_a_worker_stops_to_consume_goes_back(celery_app: Celery) -> None:
    """The blocking read that is under way takes it from its queue, and nobody would look at it before the worker ends."""
    with celery_app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        consumer: Any = Consumer(channel, [Queue(IO_QUEUE)], callbacks=[])
        consumer.consume()
        with suppress(TimeoutError):
            connection.drain_events(timeout=0.1)
        celery_app.send_task("t", queue=IO_QUEUE, ignore_result=True)

        consumer.cancel()

        with celery_app.connection_for_read() as other:
            seen: Any = other.default_channel
            assert (seen._size(IO_QUEUE), seen.client.hlen("unacked")) == (1, 0)
