"""Processes of Toolchord that are killed, stopped for a while, or asked to end."""

import random
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Final

from tests.faults.campaign.faults.kind import Kind, Missed, Strike
from tests.faults.campaign.machine import send, tree
from tests.faults.campaign.rig import Rig

#: Longer than the leases of calls and of model steps, 12 s; the watcher's, 15 s, may end too.
_BEYOND_LEASES_S: Final = (13.0, 17.0)
_SHORT_S: Final = (0.5, 4.0)
#: A worker that was asked to end gives its calls so long, and a little.
_ENDS_WITHIN_S: Final = 45.0

_WORKERS: Final = ("worker-io", "worker-io-2", "worker-default", "worker-default-2")
_COORDINATORS: Final = ("coordinator", "coordinator-2")
_WATCHERS: Final = ("watcher", "watcher-2")
_ALL: Final = ("api", *_COORDINATORS, *_WATCHERS, *_WORKERS)
_PREFORK: Final = ("worker-default", "worker-default-2")


def _alive(rig: Rig, rng: random.Random, names: tuple[str, ...]) -> str:
    """One of them that runs. Raises Missed."""
    running = [name for name in names if rig.wards[name].running]
    if not running:
        raise Missed
    return rng.choice(running)


class _Killing:
    """SIGKILL of a process: alone, so that its pool processes outlive it for a moment, or with all that it started."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    @contextmanager
    def __call__(self, rig: Rig, rng: random.Random) -> Generator[Strike]:
        name = _alive(rig, rng, self._names)
        whole = rng.random() < 0.5
        pid = rig.pid(name)
        send(signal.SIGKILL, *(reversed(tree(pid)) if whole else [pid]))
        yield Strike(name, detail={"with_children": whole})


class _Stopping:
    """SIGSTOP of a process and its children, SIGCONT after a while."""

    def __init__(self, least_s: float, most_s: float) -> None:
        self._range = least_s, most_s

    @contextmanager
    def __call__(self, rig: Rig, rng: random.Random) -> Generator[Strike]:
        name = _alive(rig, rng, _ALL)
        stopped = tree(rig.pid(name))
        send(signal.SIGSTOP, *stopped)
        try:
            yield Strike(name, rng.uniform(*self._range))
        finally:
            send(signal.SIGCONT, *stopped)


@contextmanager
def _ask_to_end(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """SIGTERM. It has ended when the process is gone."""
    name = _alive(rig, rng, _ALL)
    pid = rig.pid(name)
    send(signal.SIGTERM, pid)
    yield Strike(name)
    _await_end(rig, name, pid)


def _await_end(rig: Rig, name: str, pid: int) -> None:
    give_up_at = time.monotonic() + _ENDS_WITHIN_S
    while rig.pid(name) == pid and rig.wards[name].running and time.monotonic() < give_up_at:
        time.sleep(0.1)


@contextmanager
def _signal_child(number: signal.Signals, rig: Rig, rng: random.Random) -> Generator[Strike]:
    """A signal to a pool process, as when memory runs out or somebody asks it to stop."""
    name = _alive(rig, rng, _PREFORK)
    children = tree(rig.pid(name))[1:]
    if not children:
        raise Missed
    send(number, rng.choice(children))
    yield Strike(f"{name} child")


@contextmanager
def _roll(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """SIGTERM of every process, one after the other, as a deployment does."""
    yield Strike("all")
    for name in rng.sample(_ALL, len(_ALL)):
        pid = rig.pid(name)
        send(signal.SIGTERM, pid)
        _await_end(rig, name, pid)
        time.sleep(0.5)


PROCESS_KINDS: Final = (
    Kind("kill_worker", _Killing(_WORKERS)),
    Kind("kill_coordinator", _Killing(_COORDINATORS)),
    Kind("kill_watcher", _Killing(_WATCHERS)),
    Kind("kill_api", _Killing(("api",))),
    Kind("kill_pool_process", partial(_signal_child, signal.SIGKILL)),
    Kind("sigterm_pool_process", partial(_signal_child, signal.SIGTERM)),
    Kind("stop_briefly", _Stopping(*_SHORT_S)),
    Kind("stop_beyond_leases", _Stopping(*_BEYOND_LEASES_S)),
    Kind("sigterm", _ask_to_end),
    Kind("rolling_restart", _roll),
)
