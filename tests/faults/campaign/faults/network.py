"""The network between processes and their servers, through the proxies."""

import random
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from tests.faults.campaign.faults.kind import Kind, Strike
from tests.faults.campaign.proxy import PASS, Proxy, Shape, Way
from tests.faults.campaign.rig import Line, Rig

#: Longer than the leases, as well as shorter.
_SILENCE_S: Final = (4.0, 15.0)
_SLOW_S: Final = (4.0, 10.0)
_REFUSED_S: Final = (2.0, 6.0)


def _chosen(rig: Rig, rng: random.Random) -> tuple[str, list[Proxy]]:
    """One process's way to one server, or all ways to it."""
    line = rng.choice(list(rig.proxies))
    if rng.random() < 0.25:
        return f"all to {line.server}", [proxy for other, proxy in rig.proxies.items() if other.server == line.server]
    return _name(line), [rig.proxies[line]]


def _name(line: Line) -> str:
    return f"{line.process} to {line.server}"


def _ways(rng: random.Random) -> tuple[Way, ...]:
    """Both, or one."""
    return rng.choice(((Way.UP, Way.DOWN), (Way.UP,), (Way.DOWN,)))


@contextmanager
def _cut(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """Every connection is reset."""
    target, proxies = _chosen(rig, rng)
    for proxy in proxies:
        proxy.cut()
    yield Strike(target)


@contextmanager
def _half_close(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """Every connection ends in one direction."""
    target, proxies = _chosen(rig, rng)
    way = rng.choice(list(Way))
    for proxy in proxies:
        proxy.half_close(way)
    yield Strike(target, detail={"way": way.value})
    for proxy in proxies:
        proxy.cut()


@contextmanager
def _shaped(proxies: list[Proxy], shape: Shape, *ways: Way) -> Generator[None]:
    for proxy in proxies:
        proxy.shape(shape, *ways)
    try:
        yield
    finally:
        for proxy in proxies:
            proxy.shape(PASS)


@contextmanager
def _delay(rig: Rig, rng: random.Random) -> Generator[Strike]:
    target, proxies = _chosen(rig, rng)
    with _shaped(proxies, Shape(delay_s=0.1, jitter_s=0.2)):
        yield Strike(target, rng.uniform(*_SLOW_S))


@contextmanager
def _silence(rig: Rig, rng: random.Random) -> Generator[Strike]:
    target, proxies = _chosen(rig, rng)
    ways = _ways(rng)
    with _shaped(proxies, Shape(silent=True), *ways):
        yield Strike(target, rng.uniform(*_SILENCE_S), {"ways": [way.value for way in ways]})


@contextmanager
def _truncate(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """Each message that comes next is cut in its middle, and its connection reset."""
    target, proxies = _chosen(rig, rng)
    with _shaped(proxies, Shape(truncate_after=rng.randrange(1, 40)), *_ways(rng)):
        yield Strike(target, rng.uniform(0.5, 2))


@contextmanager
def _refuse(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """Connections are reset and no new one is taken."""
    target, proxies = _chosen(rig, rng)
    for proxy in proxies:
        proxy.refuse()
        proxy.cut()
    try:
        yield Strike(target, rng.uniform(*_REFUSED_S))
    finally:
        for proxy in proxies:
            proxy.heal()


NETWORK_KINDS: Final = (
    Kind("network_cut", _cut),
    Kind("network_half_closed", _half_close),
    Kind("network_delay", _delay),
    Kind("network_silence", _silence),
    Kind("network_truncated", _truncate),
    Kind("network_refused", _refuse),
)
