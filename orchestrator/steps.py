"""The leases of the model steps that this coordinator holds, renewed together while their model calls are under way."""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.store.runs import Step

#: A coordinator that is gone is noticed after so long, at most.
LEASE_S: Final = 12.0
#: Three renewals may fail before a lease ends.
_RENEW_EVERY_S: Final = LEASE_S / 4

_log = structlog.get_logger(__name__)


class StepLeases:
    """One for each process. A lease that could not be kept stops nothing: the reply is then written by nobody, since
    the step has another attempt."""

    def __init__(self, renew: Callable[[Sequence[Step]], None]) -> None:
        """`renew` prolongs the leases of the steps by LEASE_S. Raises SQLAlchemyError."""
        self._renew = renew
        self._changed = threading.Condition()
        self._held: set[Step] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, step: Step) -> Generator[None]:
        """Keeps the lease of a step that was claimed just now, until the block ends."""
        with self._changed:
            self._held.add(step)
            self._start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(step)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="toolchord-steps", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._held))
            pause.wait(_RENEW_EVERY_S)
            self._round()

    def _round(self) -> None:
        with self._changed:
            held = list(self._held)
        if not held:
            return
        try:
            self._renew(held)
        except SQLAlchemyError as error:
            _log.warning("steps_not_renewed", steps=len(held), error=type(error).__name__)
