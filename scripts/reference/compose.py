"""What docker-compose.yml takes and starts."""

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from orchestrator.llm import records
from scripts.reference.markdown import code, table

_FILE: Final = Path(__file__).parents[2] / "docker-compose.yml"
_VARIABLE: Final = re.compile(r"\$\{(?P<name>\w+):-(?P<default>[^}]*)\}")
_MEANINGS: Final[Mapping[str, str]] = {
    "FLOWER_BASIC_AUTH": "Flower's user and password.",
    "FLOWER_PORT": "Where Flower is published, on 127.0.0.1.",
    "OPENAI_API_KEY": "The key of OpenAI, or of the server at `OPENAI_BASE_URL`.",
    "OPENAI_BASE_URL": "The server of `openai`; the scripted model by default.",
    "POSTGRES_PASSWORD": "The password of the database. It is set when the volume is made.",
    "TOOLCHORD_LOG_LEVEL": "The log level of every process.",
    "TOOLCHORD_MODEL": "The model of runs that name none.",
    "TOOLCHORD_PORT": "Where the API is published, on 127.0.0.1.",
    "TOOLCHORD_TOOLS": "The modules or files that hold the workers' tools.",
}
#: Service, the process in words, and how many of it there may be.
_PROCESSES: Final = (
    ("migrate", "migrations", "once for each version, before the others"),
    ("api", "API", "any number"),
    ("coordinator", "coordinator", "any number"),
    ("watcher", "watcher", "one or more; one leads"),
    ("worker-io", "tool worker for `async def`", "any number"),
    ("worker-default", "tool worker for `def`", "any number"),
    ("flower", "Flower", "one, if wanted"),
)


def _variables() -> str:
    all_found = {match["name"]: match["default"] for match in _VARIABLE.finditer(_FILE.read_text())}
    # What leads to the providers of models has a table of its own, but for the two that have a default here.
    of_models = {variable.name for variable in records.variables()}
    found = {name: default for name, default in all_found.items() if default or name not in of_models}
    if unexplained := sorted(found.keys() ^ _MEANINGS.keys()):
        raise ValueError(f"{', '.join(unexplained)}: write the meaning, or drop it, in {__name__}")
    return table(("variable", "default", "meaning"), ((code(name), code(found[name]), _MEANINGS[name]) for name in sorted(found)))


def _processes() -> str:
    services: Mapping[str, Any] = yaml.safe_load(_FILE.read_text())["services"]
    rows = ((words, code(shlex.join(services[name]["command"])), number) for name, words, number in _PROCESSES)
    return table(("process", "command", "how many"), rows)


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {"compose-variables": _variables, "process-commands": _processes}
