"""One campaign: load and faults for a while, healing, and the history that it leaves in its folder."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from tests.faults import history
from tests.faults.campaign import collect, load, rig, sabotage
from tests.faults.campaign.driver import Driver
from tests.faults.campaign.faults.kind import Kind
from tests.faults.campaign.faults.messages import send_kept
from tests.faults.campaign.nemesis import Nemesis
from tests.faults.campaign.pulse import Pulse
from tests.faults.campaign.rig import Rig
from tests.faults.campaign.sabotage import Deed
from tests.faults.campaign.tools import BANK_TOOLS, IDEMPOTENT_TOOLS
from tests.faults.history import Campaign, History

#: Longer than every run's deadline.
_DRAINED_WITHIN_S: Final = 200.0
#: Messages that come when all runs are over do nothing, and have so long to show otherwise.
_SETTLES_S: Final = 3.0
_MEND_EVERY_S: Final = 0.1

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Order:
    """What a campaign is to do."""

    seed: int
    seconds: float
    kinds: Sequence[Kind]
    #: How many of the faults come two at a time.
    pairs: float = 0.5
    #: No chord's callback ever arrives.
    without_callbacks: bool = False


@dataclass(frozen=True)
class Result:
    """A campaign that is over."""

    folder: Path
    history: History
    #: Kinds of faults that this machine cannot have, and why.
    missing: dict[str, str]


def run(order: Order, folder: Path) -> Result:
    """Runs a campaign in a new folder."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)  # Postgres runs as another user where we are root.
    with ExitStack() as stack:
        toolchord = stack.enter_context(Rig(folder))
        toolchord.wait_ready()
        if order.without_callbacks:
            stack.enter_context(sabotage.doing(folder, Deed.LOSE_CALLBACKS))
        missing = {kind.name: why for kind in order.kinds if (why := kind.missing(toolchord))}
        _work(order, toolchord, [kind for kind in order.kinds if kind.name not in missing])
    return Result(folder, History.load(folder), missing)


def _work(order: Order, toolchord: Rig, kinds: Sequence[Kind]) -> None:
    offset_s, began_at = collect.wall_offset_s(), time.monotonic()
    pulse = Pulse(toolchord.database_url, toolchord.folder / history.LEDGER)
    with pulse, Driver(toolchord.folder, toolchord.api_url, toolchord.model_url, order.seed) as driver:
        _faults(order, Nemesis(toolchord, pulse, kinds, order.seed, order.pairs), toolchord)
        toolchord.heal()
        healed_at = time.monotonic()
        driver.end()
        _mend_until(toolchord, lambda: not driver.working, _DRAINED_WITHIN_S)
        _mend_until(toolchord, lambda: pulse.beat.at > healed_at and not pulse.beat.runs, _DRAINED_WITHIN_S)
    late = send_kept(toolchord)
    _mend_until(toolchord, lambda: False, _SETTLES_S)
    _log.info("drained", seed=order.seed, late_messages=late)
    collect.runs(toolchord)
    collect.requests(toolchord, offset_s)
    campaign = Campaign(
        seed=order.seed,
        began_at=began_at,
        healed_at=healed_at,
        ended_at=time.monotonic(),
        wall_offset_s=offset_s,
        idempotent_tools=IDEMPOTENT_TOOLS,
        bank_tools=BANK_TOOLS,
    )
    _write(toolchord.folder, history.CAMPAIGN, campaign.model_dump_json())
    _write(toolchord.folder, history.COUNTERS, json.dumps(collect.counters(toolchord)))
    _write(toolchord.folder, history.LEFTOVERS, collect.leftovers(toolchord, (rig.MODEL_KEY, load.PROMPT)).model_dump_json())


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def _faults(order: Order, nemesis: Nemesis, toolchord: Rig) -> None:
    """Faults until the time is over and the last one has ended."""
    stop = threading.Event()
    with ThreadPoolExecutor(1, "nemesis") as pool:
        working = pool.submit(nemesis.work, stop)
        try:
            _mend_until(toolchord, working.done, order.seconds)
        finally:
            stop.set()
            _mend_until(toolchord, working.done, _DRAINED_WITHIN_S)
        working.result()


def _mend_until(toolchord: Rig, done: Callable[[], bool], timeout_s: float) -> None:
    """Plays the supervisor until something is so, or the time is over."""
    give_up_at = time.monotonic() + timeout_s
    while not done() and time.monotonic() < give_up_at:
        toolchord.mend()
        time.sleep(_MEND_EVERY_S)
