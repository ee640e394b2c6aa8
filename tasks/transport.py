"""Kombu's Redis transport, mended where a lost connection would end a worker that has calls in flight."""

from typing import Any

from kombu.transport import redis

from tasks.failpoints import reach
from tasks.names import RUN_ADVANCE, TOOL_CALL, TURN_FINISH


class QoS(redis.QoS):
    """Unacknowledged messages of one channel.

    When its connection is lost, Celery takes the connection apart before it closes the channel, and acknowledges on it what
    ends later. Kombu 5.7.0 then raises AttributeError, which Celery takes for a fault that cannot be recovered from. On a
    channel that is gone there is nothing to acknowledge: the message comes back after the visibility timeout, and has no grant.
    """

    @property
    def _is_gone(self) -> bool:
        return getattr(self.channel.connection, "client", None) is None

    def append(self, message: Any, delivery_tag: str) -> None:
        """Keeps a message until it is acknowledged."""
        reach("message.taken")
        super().append(message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Acknowledges a message."""
        if not self._is_gone:
            reach("message.done")
            super().ack(delivery_tag)
            reach("message.acknowledged")

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - Kombu's signature
        """Refuses a message."""
        if not self._is_gone:
            super().reject(delivery_tag, requeue=requeue)

    def restore_unacked(self, client: Any = None) -> None:
        """Puts back what was not acknowledged."""
        if not self._is_gone:
            super().restore_unacked(client)


class Channel(redis.Channel):
    """A channel that bears the loss of its connection."""

    QoS = QoS

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        task = message.get("headers", {}).get("task")
        if task == TURN_FINISH:
            reach("body.publishing")
        super()._put(queue, message, **kwargs)
        if task == TOOL_CALL:
            reach("call.published")
        elif task == TURN_FINISH:
            reach("body.published")
        elif task == RUN_ADVANCE:
            reach("doorbell.published")


class Transport(redis.Transport):
    """The Redis transport with that channel."""

    Channel = Channel
