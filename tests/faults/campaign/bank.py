"""A system outside Toolchord that knows idempotency keys: an effect is applied once for each key."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from tasks import ToolContext
from tests.faults.history import Effect

#: Names the bank's file, for the tool workers.
VARIABLE: Final = "CAMPAIGN_BANK"


def pay(context: ToolContext) -> None:
    """One effect under the call's key. Whoever is killed in the middle has paid or has not."""
    with Path(os.environ[VARIABLE]).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        seen = f'"key":"{context.idempotency_key}"'.encode() in file.read()
        effect = Effect(
            at=time.monotonic(),
            key=context.idempotency_key,
            call_id=context.tool_call_id,
            attempt=context.attempt,
            applied=not seen,
        )
        os.write(file.fileno(), effect.model_dump_json().encode() + b"\n")
