"""Named places at which a process can be made to die, so that tests can kill it between any two steps.

Off unless TOOLCHORD_FAILPOINTS names a folder. A file of a failpoint's name in that folder arms it: the next process that
reaches it removes the file and is killed as by `kill -9`. A number in the file says how many times it is passed before.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

VARIABLE: Final = "TOOLCHORD_FAILPOINTS"

#: Every failpoint, and what has happened when it is reached.
FAILPOINTS: Final = {
    "run.accepting": "the API has written a run and not committed it",
    "run.accepted": "the run is committed, its doorbell is not sent",
    "run.rung": "the doorbell is sent, the client has no answer",
    "step.claimed": "the coordinator has committed its claim of a model step",
    "model.asked": "the model has answered, its reply is not recorded",
    "reply.recorded": "the reply is committed, nothing is sent",
    "calls.granted": "Redis has the grants, no message is published",
    "call.published": "one of the chord's messages is published",
    "calls.published": "the chord is published, its dispatch is not noted",
    "calls.noted": "the dispatch is noted",
    "turn.asked": "the coordinator has read the turn's results from Redis",
    "turn.gathering": "the results are written and not committed",
    "turn.gathered": "the results are committed, the next model call is not begun",
    "call.received": "a worker has the message and has not claimed the call",
    "call.claimed": "the call is claimed, its tool has not begun",
    "call.ran": "the tool has ended, its result is not put",
    "call.put": "the result is put, the window's next call is not published",
    "call.passed": "the window's next call is published, the part is not counted",
    "part.counting": "the chord has not counted the part",
    "part.counted": "the chord has counted the part, the message is not acknowledged",
    "watcher.noting": "the watcher has written what events told and not committed it",
    "watcher.led": "the watcher has taken the lead",
    "watcher.rung": "the watcher has sent a doorbell",
}

_FOLDER: Final = os.environ.get(VARIABLE)


def reach(name: str) -> None:
    """Kills this process if the failpoint is armed."""
    if _FOLDER is not None:
        _fire(Path(_FOLDER) / name)


def _fire(armed: Path) -> None:
    # Of several processes that reach it at once, one removes the file.
    with suppress(FileNotFoundError, ValueError):
        passes = int(armed.read_text() or 0)
        if passes:
            armed.write_text(str(passes - 1))
            return
        armed.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
