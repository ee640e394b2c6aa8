"""The header Prefer (RFC 7240). Only `wait` is understood; what is malformed or unknown is ignored, as the RFC says."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.request import parse_http_list

_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def wait_s(headers: Sequence[str], at_most: float) -> float:
    """Seconds that the caller likes to wait, at most as given; 0 without a preference. The first `wait` counts."""
    for preference in parse_http_list(",".join(headers)):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            seconds = value.strip().strip('"')
            return min(float(seconds), at_most) if _SECONDS.fullmatch(seconds) else 0.0
    return 0.0
