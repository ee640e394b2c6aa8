"""What Celery's events tell of tool calls, collected until somebody writes it down."""

import math
import threading
from dataclasses import dataclass
from typing import Any, Final

import structlog
from celery import Celery
from pydantic import JsonValue

from tasks.names import CallKey
from tasks.values import storable

#: Characters of a progress message that are kept.
_MESSAGE: Final = 500
#: How long the listener waits after losing its connection.
_PAUSE_S: Final = 1.0

_log = structlog.get_logger(__name__)


@dataclass
class Note:
    """What was told of one attempt since the last time."""

    worker: str | None = None
    ended: bool = False
    progress: dict[str, JsonValue] | None = None


class Events:
    """Listens on one thread, hands over on another. Events are hints: those missed while nobody listened are no loss."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._notes: dict[tuple[CallKey, int], Note] = {}

    def take(self) -> dict[tuple[CallKey, int], Note]:
        """All that was told since the last call."""
        with self._lock:
            notes, self._notes = self._notes, {}
        return notes

    def listen(self, stop: threading.Event) -> None:
        """Collects until told to stop, over any number of connections."""
        while not stop.is_set():
            try:
                self._capture(stop)
            except Exception as error:  # noqa: BLE001 - anybody can publish an event; none may end the listening
                _log.warning("events_lost", error=type(error).__name__)
                stop.wait(_PAUSE_S)

    def _capture(self, stop: threading.Event) -> None:
        handlers = {
            "task-started": self._started,
            "task-progress": self._progressed,
            "task-succeeded": self._ended,
            "task-failed": self._ended,
        }
        with self._app.connection_for_read() as connection:
            receiver = self._app.events.Receiver(connection, handlers=handlers)
            for _ in receiver.consume(limit=None, wakeup=False):
                if stop.is_set():
                    return

    def _started(self, event: dict[str, Any]) -> None:
        self._note(event, worker=str(event.get("hostname")))

    def _progressed(self, event: dict[str, Any]) -> None:
        fraction = event.get("fraction")
        part = float(fraction) if isinstance(fraction, int | float) and math.isfinite(fraction) else None
        self._note(event, progress={"message": storable(str(event.get("message")))[:_MESSAGE], "fraction": part})

    def _ended(self, event: dict[str, Any]) -> None:
        self._note(event, ended=True)

    def _note(self, event: dict[str, Any], **told: Any) -> None:
        attempt = CallKey.of_task(str(event.get("uuid")))
        if attempt is None:
            return
        with self._lock:
            note = self._notes.setdefault(attempt, Note())
            for name, value in told.items():
                setattr(note, name, value)
