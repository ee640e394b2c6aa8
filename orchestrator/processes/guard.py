"""Prefixes of a command line that tie a process to its parent and take the rights of root from it.

Both are done by `setpriv` of util-linux, so that nothing of ours runs between fork and exec.
"""

import os
import pwd
import shutil
import signal
from pathlib import Path

from orchestrator.processes.errors import ServerUnavailableError

#: Runs what must not run as root, where we are root. Every system has this user.
UNPRIVILEGED_USER = "nobody"
_SETPRIV = shutil.which("setpriv")


def dying_with_parent(by: signal.Signals) -> tuple[str, ...]:
    """Prefix: the kernel sends this signal when the thread that started the process ends, even by SIGKILL.

    Empty where there is no `setpriv` (not Linux, or a very small image): the process then outlives a killed parent.
    It must come after every other prefix: a change of user undoes it.
    """
    return () if _SETPRIV is None else (_SETPRIV, f"--pdeathsig={by.name.removeprefix('SIG')}", "--")


def without_root(*paths: Path) -> tuple[str, ...]:
    """Prefix: where we are root, the command runs as an ordinary user; `paths` are what it must reach.

    Where a folder on the way is closed to others, as /root is, the command is allowed to pass it (CAP_DAC_OVERRIDE),
    so that nobody's folder has to be opened. Raises ServerUnavailableError when root has no `setpriv`.
    """
    if os.geteuid() != 0:
        return ()
    if _SETPRIV is None:
        raise ServerUnavailableError(
            "Postgres refuses to run as root, and `setpriv` (package util-linux), which could run it as another user, "
            "is missing. Install it, or run as an ordinary user, or set DATABASE_URL."
        )
    user = pwd.getpwnam(UNPRIVILEGED_USER)
    return (_SETPRIV, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *_passage(paths), "--")


def give_away(folder: Path) -> None:
    """Makes the folder the unprivileged user's own, where we are root."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED_USER)
        os.chown(folder, user.pw_uid, user.pw_gid)


def _passage(paths: tuple[Path, ...]) -> tuple[str, ...]:
    folders = {folder for path in paths for folder in path.parents}
    if all(folder.stat().st_mode & 0o001 for folder in folders):
        return ()
    # Without the secure bit the right does not hold for access(2), by which Postgres looks for its own binary.
    return ("--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override")
