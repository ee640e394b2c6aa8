"""The leases of the model steps that this coordinator holds: renewed together while their model calls are under way, and
given back when it stops."""

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.llm.model import ModelReply
from orchestrator.store.runs import Step

#: A coordinator that is gone is noticed after so long, at most.
LEASE_S: Final = 12.0
#: Three renewals may fail before a lease ends.
_RENEW_EVERY_S: Final = LEASE_S / 4

_log = structlog.get_logger(__name__)


class Released(Exception):
    """The step was given back while its model was asked. Another coordinator goes on with it."""


class Held:
    """A step under way, and its model call."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self._reply: Future[ModelReply] = Future()

    def ask(self, model_call: Callable[[], ModelReply]) -> ModelReply:
        """The model's reply. Raises what the call raises, and Released when the step is given back before.

        The call has a thread of its own, which dies with the process: nothing interrupts a thread that waits for an
        answer from the network, and a coordinator must be able to stop while a model thinks.
        """
        threading.Thread(target=self._call, args=(model_call,), name="toolchord-model", daemon=True).start()
        return self._reply.result()

    def let_go(self) -> None:
        """Waits for the reply no longer."""
        with suppress(InvalidStateError):
            self._reply.set_exception(Released())

    def _call(self, model_call: Callable[[], ModelReply]) -> None:
        # A reply to a step that was given back has nowhere to go.
        with suppress(InvalidStateError):
            try:
                self._reply.set_result(model_call())
            except BaseException as error:  # noqa: BLE001 - raised again where the reply is waited for
                self._reply.set_exception(error)


class StepLeases:
    """One for each process. A lease that could not be kept stops nothing: the reply is then written by nobody, since
    the step has another attempt."""

    def __init__(self, renew: Callable[[Sequence[Step]], None], give_back: Callable[[Sequence[Step]], None]) -> None:
        """`renew` prolongs the leases of the steps by LEASE_S, `give_back` ends them and tells the others. Both raise
        SQLAlchemyError."""
        self._renew = renew
        self._give_back = give_back
        self._changed = threading.Condition()
        #: Held while the database is told, so that no lease is prolonged that was just given back.
        self._telling = threading.Lock()
        self._held: set[Held] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, step: Step) -> Generator[Held]:
        """Keeps the lease of a step that was claimed just now, until the block ends or the step is given back."""
        held = Held(step)
        with self._changed:
            self._held.add(held)
            self._start()
            self._changed.notify()
        try:
            yield held
        finally:
            with self._changed:
                self._held.discard(held)

    def release(self) -> None:
        """Gives back what is held now. What the database cannot be told ends with its lease."""
        with self._changed:
            held = list(self._held)
            self._held.clear()
        if not held:
            return
        try:
            with self._telling:
                self._give_back([one.step for one in held])
        except SQLAlchemyError as error:
            _log.warning("steps_not_given_back", steps=len(held), error=type(error).__name__)
        for one in held:
            _log.info("step_given_back", run_id=one.step.run_id, turn=one.step.turn)
            one.let_go()

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
        with self._telling:
            with self._changed:
                held = [one.step for one in self._held]
            if not held:
                return
            try:
                self._renew(held)
            except SQLAlchemyError as error:
                _log.warning("steps_not_renewed", steps=len(held), error=type(error).__name__)
