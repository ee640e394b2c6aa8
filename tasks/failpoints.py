"""Named places at which a process can be made to die, so that tests can kill it between any two steps.

Off unless TOOLCHORD_FAILPOINTS names a folder. A file of a failpoint's name in that folder arms it: the next process that
reaches it removes the file and is killed as by `kill -9`. A number in the file says how many times it is passed before.
"""

import fcntl
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
    "run.rung": "the doorbell is on its way, the client has no answer",
    "doorbell.published": "a doorbell is published that is no chord's",
    "run.cancelling": "the run is ended as cancelled, and that is not committed",
    "run.cancelled": "the cancel is committed, Redis does not know of it",
    "run.expiring": "the watcher has ended an overdue run and not committed that",
    "run.expired": "the end is committed, Redis does not know of it",
    "step.rung": "the coordinator has a doorbell and has claimed nothing",
    "step.claiming": "the claim of a model step is written and not committed",
    "step.claimed": "the coordinator has committed its claim of a model step",
    "step.renewed": "the lease of a step whose model call is under way is prolonged",
    "step.returning": "a coordinator that stops has given a step back and not committed that",
    "step.returned": "that is committed, nobody is told",
    "model.asked": "the model has answered, its reply is not recorded",
    "reply.recording": "the reply is written and not committed",
    "reply.recorded": "the reply is committed, nothing is sent",
    "calls.granted": "Redis has the grants, no message is published",
    "call.published": "one of the chord's messages is published",
    "calls.published": "the chord is published, its dispatch is not noted",
    "calls.noting": "the note of the dispatch is not committed",
    "calls.noted": "the dispatch is noted",
    "turn.rung": "the coordinator has a turn's callback and has read nothing",
    "turn.asked": "the coordinator has read the turn's results from Redis",
    "turn.gathering": "the results are written and not committed",
    "turn.gathered": "the results are committed, Redis still has them",
    "calls.closed": "Redis knows of calls that were answered without their workers, and that is not noted",
    "turn.forgotten": "Redis has dropped the results, the next model call is not begun",
    "message.taken": "a message is taken from its queue, and nobody else knows of it",
    "call.received": "a worker has the message and has not claimed the call",
    "call.claimed": "the call is claimed, its tool has not begun",
    "lease.refreshed": "the lease of a call that runs is prolonged",
    "call.returned": "a worker that stops or is cut off has interrupted a call, whose result is not put",
    "call.ran": "the tool has ended, its result is not put",
    "call.put": "the result is put, the window's next call is not published",
    "chord.grown": "the chord counts the window's next call, which is not published",
    "call.passed": "the window's next call is published, the part is not counted",
    "part.counting": "the chord has not counted the part",
    "body.publishing": "the chord's last part has claimed its body and not published it",
    "body.published": "the chord's body is published, its keys are still there",
    "part.counted": "the chord has counted the part, the message is not acknowledged",
    "message.done": "a worker's message has done its work and is not acknowledged",
    "message.acknowledged": "the message is acknowledged",
    "child.lost": "the pool has noticed a dead process, its call has no answer",
    "child.answered": "the dead process's call is answered",
    "watcher.noting": "the watcher has written what events told and not committed it",
    "watcher.noted": "what events told is committed",
    "watcher.led": "the watcher has taken the lead",
    "watcher.rung": "the watcher has sent a doorbell",
    "providers.telling": "a coordinator that starts has written which providers it can ask and not committed it",
    "providers.told": "that is committed",
    "catalogue.keeping": "the watcher has written the live tools and not committed them",
    "catalogue.kept": "the live tools are committed",
}

_FOLDER: Final = os.environ.get(VARIABLE)


def reach(name: str) -> None:
    """Kills this process if the failpoint is armed."""
    if _FOLDER is not None:
        _fire(Path(_FOLDER) / name)


def _fire(armed: Path) -> None:
    with suppress(FileNotFoundError), armed.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not os.fstat(file.fileno()).st_nlink:
            return  # Another that reached it at once has died of it.
        passes = int(file.read() or 0)
        if not passes:
            armed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        file.seek(0)
        file.truncate()
        file.write(str(passes - 1))
