"""`python -m tests.faults`: fault campaigns, one for each seed, and what they came to."""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from orchestrator.processes.signals import ends_by_exception
from tests.faults.campaign import campaign, report
from tests.faults.campaign.campaign import Order, Result
from tests.faults.campaign.faults.kind import Kind
from tests.faults.campaign.faults.table import KINDS
from tests.faults.checker import Rules

_MINUTES: Final = 20.0
_SEEDS: Final = 5
#: Of a log, which has none of its own.
_WIDTH: Final = 160


def main() -> int:
    """0 where every invariant held."""
    asked = _arguments().parse_args()
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    seeds = asked.seeds or [random.randrange(1_000_000) for _ in range(_SEEDS)]
    kinds = _kinds(asked.kinds)
    seconds = asked.minutes * 60
    folder = Path(tempfile.mkdtemp(prefix="toolchord-faults-"))
    folder.chmod(0o755)  # Postgres runs as another user where we are root.
    with ends_by_exception():
        results = [_campaign(seed, seconds / len(seeds), kinds, folder, console, dropping=asked.without_callbacks) for seed in seeds]
    found = report.of(results, seconds, frozenset(kind.name for kind in kinds), Rules(slowness=asked.slowness))
    report.show(found, console)
    report.write(found, asked.out or folder)
    options = (f" KINDS={','.join(asked.kinds)}" if asked.kinds else "") + (" WITHOUT_CALLBACKS=1" if asked.without_callbacks else "")
    again = f"make faults MINUTES={asked.minutes:g} SEEDS={','.join(map(str, seeds))}{options}"
    console.print(f"{'No violation' if found.ok else 'VIOLATIONS'}. Again: {again}")
    if found.ok and asked.out:
        shutil.rmtree(folder)
    else:
        console.print(f"Every log is in {folder}")
    return 0 if found.ok else 1


def _campaign(seed: int, seconds: float, kinds: tuple[Kind, ...], folder: Path, console: Console, *, dropping: bool) -> Result:
    console.print(f"Seed {seed}: {seconds:.0f} s of faults.")
    if dropping:
        kinds = tuple(kind for kind in kinds if "callbacks" not in kind.name)
    return campaign.run(Order(seed, seconds, kinds, without_callbacks=dropping), folder / str(seed))


def _kinds(names: list[str] | None) -> tuple[Kind, ...]:
    if unknown := set(names or ()) - {kind.name for kind in KINDS}:
        raise SystemExit(f"No such fault: {', '.join(sorted(unknown))}. There are: {', '.join(kind.name for kind in KINDS)}.")
    return tuple(kind for kind in KINDS if names is None or kind.name in names)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="of faults, all seeds together")
    parser.add_argument("--seeds", type=_numbers, help="separated by commas; without them, five at random")
    parser.add_argument("--kinds", type=_words, help="of faults, separated by commas; all by default")
    parser.add_argument("--without-callbacks", action="store_true", help="no chord's callback ever arrives")
    parser.add_argument("--slowness", type=float, default=1.0, help="recovery may take so many times as long as promised")
    parser.add_argument("--out", type=Path, help="a folder for report.json")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(word) for word in _words(text)]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


if __name__ == "__main__":
    sys.exit(main())
