"""What each role's processes may know: an environment holds what the role needs and no other's secrets."""

from collections.abc import Mapping

from orchestrator.llm.records import PROVIDERS
from orchestrator.processes.ports import LOOPBACK

Environ = dict[str, str]

_SECRETS = frozenset(variable.name for provider in PROVIDERS.values() for variable in provider.variables if variable.is_secret)

#: The settings of ours that tool workers read.
WORKER_SETTINGS = frozenset({"REDIS_URL", "TOOLCHORD_TOOLS", "TOOLCHORD_LOG_LEVEL", "TOOLCHORD_STOP_GRACE_S", "TOOLCHORD_FAILPOINTS"})
#: One file cannot tell of several processes.
_NOT_SHARED = "TOOLCHORD_HEARTBEAT_FILE"


def for_coordinator(environ: Mapping[str, str]) -> Environ:
    """Everything, the model's key included."""
    return _logged_at_once({name: value for name, value in environ.items() if name.upper() != _NOT_SHARED})


def for_api(environ: Mapping[str, str]) -> Environ:
    """All but the model's key: also for the watcher and the migrations, which call no model."""
    return {name: value for name, value in for_coordinator(environ).items() if not _of_model(name)}


def for_tools(environ: Mapping[str, str]) -> Environ:
    """The tools' own secrets, the broker, and nothing that reaches the runs or the model."""
    return {name: value for name, value in for_api(environ).items() if name in WORKER_SETTINGS or not _of_orchestrator(name)}


def reaching_loopback(environ: Mapping[str, str]) -> Environ:
    """The environment, with no proxy between our own processes."""
    given = environ.get("no_proxy") or environ.get("NO_PROXY")
    exempt = f"{given},{LOOPBACK}" if given else LOOPBACK
    return {**environ, "no_proxy": exempt, "NO_PROXY": exempt}


def _logged_at_once(environ: Environ) -> Environ:
    return {**environ, "PYTHONUNBUFFERED": "1"}


def _of_model(name: str) -> bool:
    return name.upper() in _SECRETS or "OPENAI" in name.upper()


def _of_orchestrator(name: str) -> bool:
    """Settings of ours and of libpq; pydantic reads names in either case."""
    return name.upper() in {"DATABASE_URL", "REDIS_URL"} or name.upper().startswith(("TOOLCHORD_", "PG"))
