"""Kombu's Redis transport, mended where a lost connection or an element that is no message would end a worker."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty
from typing import Any, Final, cast

import structlog
from kombu.transport import redis
from redis import Redis
from redis.exceptions import RedisError

from tasks.envelope import fault_of
from tasks.failpoints import reach
from tasks.messages import PoisonMessage
from tasks.names import POISON_KEY, TOOL_CALL, TURN_FINISH

#: What is kept of the elements that were refused: the newest, for so long, and their beginning only.
_KEPT: Final = 100
_KEPT_S: Final = 7 * 24 * 3600
_KEPT_CHARACTERS: Final = 4096
#: Answers to Celery's remote control are read from lists too. They are no tasks, and no worker waits for them for long.
_REPLIES: Final = ".pidbox"

_log = structlog.get_logger(__name__)


class Client(Redis):
    """A client that shows what is no message to `refuses`, and then has found the queue empty. Kombu sends its blocking
    pop by itself and comes here with the reply: the one place between Redis and Celery that every element passes."""

    def __init__(self, refuses: Callable[[str, bytes], bool], **kwargs: Any) -> None:
        super().__init__(**kwargs)  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
        self._refuses = refuses

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        """Reads the reply to a command."""
        reply = cast("Any", super().parse_response(connection, command_name, **options))  # pyright: ignore[reportUnknownMemberType] - not typed
        if command_name == "BRPOP" and reply and self._refuses(reply[0].decode(), reply[1]):
            return None
        return reply


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
    """A channel that bears the loss of its connection, puts aside what is no message, and keeps no message when it stops to
    consume."""

    QoS = QoS

    # Kombu's own, and not in its stubs.
    _in_poll: Any
    _brpop_read: Any
    active_queues: Any
    connection_errors: Any

    def basic_cancel(self, consumer_tag: str) -> Any:
        """Stops to consume from a queue."""
        inherited: Any = super()
        cancelled = inherited.basic_cancel(consumer_tag)
        if self._in_poll and not self.active_queues:
            # The blocking read under way may still take a message, which Kombu would look at only when the worker has
            # finished all that it runs. Without a consumer it goes back to its queue. The read takes a second at most.
            with suppress(Empty, *self.connection_errors):
                self._brpop_read()
        return cancelled

    def _get_client(self) -> Callable[..., Redis]:
        return partial(Client, self._refuses)

    def _refuses(self, queue: str, element: bytes) -> bool:
        reason = None if queue.endswith(_REPLIES) else fault_of(element)
        if reason is None:
            return False
        _log.error("poison_message", queue=queue, reason=reason, size=len(element))
        with suppress(RedisError):
            self._put_aside(PoisonMessage.of(queue, reason, element, _KEPT_CHARACTERS))
        return True

    def _put_aside(self, poison: PoisonMessage) -> None:
        with self.conn_or_acquire() as client, client.pipeline() as pipe:
            pipe.lpush(POISON_KEY, poison.encode()).ltrim(POISON_KEY, 0, _KEPT - 1).expire(POISON_KEY, _KEPT_S).execute()

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        headers = message.get("headers", {})
        task = headers.get("task")
        # Only a chord's body says that all its parts have returned; others ring the same bell.
        is_body = task == TURN_FINISH and "'returned': True" in headers.get("kwargsrepr", "")
        if is_body:
            reach("body.publishing")
        super()._put(queue, message, **kwargs)
        if is_body:
            reach("body.published")
        elif task == TOOL_CALL:
            reach("call.published")
        elif task is not None:
            reach("doorbell.published")


class Transport(redis.Transport):
    """The Redis transport with that channel."""

    Channel = Channel
