"""Brings faults about, one after the other or two at a time, and measures how long the work takes to go on."""

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from tests.faults import history
from tests.faults.campaign.faults.kind import Kind, Missed
from tests.faults.campaign.pulse import Pulse, recovery_s
from tests.faults.campaign.rig import Rig
from tests.faults.history import Fault

#: A run that has not gone on by then does not.
_GIVE_UP_S: Final = 60.0
#: Two faults at a time begin within this.
_OFFSET_S: Final = (0.0, 4.0)
#: Faults should find some work under way.
_LEAST_RUNS: Final = 2
_IDLE_S: Final = 15.0

_log = structlog.get_logger(__name__)


class _Hit(NamedTuple):
    """A fault that is over, and the work that was under way when it began."""

    fault: Fault
    work: frozenset[str]


class Nemesis:
    """Goes through all kinds in an order of its own, again and again, until it is stopped.

    The recovery of a fault is measured from its end until all work that was under way when it began has gone on, as
    `recovery_s` tells; of two at a time that cannot be told apart, so they have no figure of their own, and the time
    from the end of both is only noted in their details.
    """

    def __init__(self, rig: Rig, pulse: Pulse, kinds: Sequence[Kind], seed: int, pairs: float) -> None:
        self._rig = rig
        self._pulse = pulse
        self._kinds = kinds
        self._rng = random.Random(f"{seed}-nemesis")
        self._pairs = pairs
        self._deck: list[Kind] = []
        self._log_file: Path = rig.folder / history.NEMESIS

    def work(self, stop: threading.Event) -> None:
        """One episode after the other; each ends when the work has gone on."""
        with ThreadPoolExecutor(2) as pool:
            while not stop.is_set():
                self._await_work(stop)
                kinds = [self._next() for _ in range(2 if self._rng.random() < self._pairs else 1)]
                seeds = [
                    (kind, random.Random(self._rng.random()), self._rng.uniform(*_OFFSET_S) * place) for place, kind in enumerate(kinds)
                ]
                done = [pool.submit(self._strike, kind, rng, wait_s, stop) for kind, rng, wait_s in seeds]
                hits = [hit for hit in [one.result() for one in done] if hit is not None]
                if hits:
                    self._conclude([hit.fault for hit in hits], frozenset[str]().union(*(hit.work for hit in hits)), stop)

    def _next(self) -> Kind:
        if not self._deck:
            self._deck = self._rng.sample(self._kinds, len(self._kinds))
        return self._deck.pop()

    def _await_work(self, stop: threading.Event) -> None:
        give_up_at = time.monotonic() + _IDLE_S
        while len(self._pulse.beat.runs) < _LEAST_RUNS and time.monotonic() < give_up_at and not stop.is_set():
            stop.wait(0.1)

    def _strike(self, kind: Kind, rng: random.Random, wait_s: float, stop: threading.Event) -> _Hit | None:
        """The whole of one fault. None when it could not be brought about."""
        if stop.wait(wait_s):
            return None
        try:
            with kind.strike(self._rig, rng) as strike:
                began_at, before = time.monotonic(), self._pulse.beat
                _log.info("fault", kind=kind.name, target=strike.target, hold_s=round(strike.hold_s, 1))
                stop.wait(strike.hold_s)
        except Missed:
            return None
        fault = Fault(
            kind=kind.name,
            target=strike.target,
            began_at=began_at,
            ended_at=time.monotonic(),
            runs_in_flight=len(before.runs),
            calls_in_flight=len(before.calls),
            run_ids=tuple(sorted(before.runs)),
            detail=strike.detail,
        )
        return _Hit(fault, before.runs | before.calls)

    def _conclude(self, faults: list[Fault], work: frozenset[str], stop: threading.Event) -> None:
        """Waits until the work has gone on, and writes the faults down."""
        since = max(fault.ended_at or fault.began_at for fault in faults)
        recovered_s = recovery_s(self._pulse, since, work, stop, _GIVE_UP_S)
        for fault in faults:
            if len(faults) == 1:
                shown = fault.model_copy(update={"recovered_s": recovered_s})
            else:
                others = [other.kind for other in faults if other is not fault]
                shown = fault.model_copy(update={"detail": {**fault.detail, "with": others, "both_recovered_s": recovered_s}})
            history.append(self._log_file, shown)
