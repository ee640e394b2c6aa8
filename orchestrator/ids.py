"""Ids that people see: prefixed, and sorted by the time they were made."""

import re
from typing import Final

from ulid import ULID

RUN_ID: Final = re.compile(r"^run_[0-9A-HJKMNP-TV-Z]{26}$")


def new_run_id() -> str:
    """A new id such as run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B (a ULID, https://github.com/ulid/spec)."""
    return f"run_{ULID()}"
