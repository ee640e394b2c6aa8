"""The library that gives a process another clock."""

import importlib.util
import os
from pathlib import Path
from typing import Final

#: Names it where it lies elsewhere.
VARIABLE: Final = "FAKETIME_LIBRARY"
_NAME: Final = "libfaketime*.so.1"


def library() -> Path | None:
    """Where it is: named, in the wheel `libfaketime`, or installed by the system; None where it is not."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named) if Path(named).exists() else None
    wheel = importlib.util.find_spec("libfaketime")
    places = [*map(Path, (wheel and wheel.submodule_search_locations) or ()), Path("/usr/lib")]
    return next((found for place in places for found in sorted(place.rglob(_NAME))), None)
