"""The machine that measured, without which no figure means anything."""

import os
import platform
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Final, Self

import psycopg
from pydantic import BaseModel, ConfigDict, Field

from tasks.broker import connect

_LIBRARIES: Final = ("celery", "kombu", "redis", "openai", "fastapi", "uvicorn", "pydantic", "sqlalchemy", "psycopg")
_CPUINFO: Final = Path("/proc/cpuinfo")
_STAT: Final = Path("/proc/stat")
_STEAL: Final = 7


class Servers(BaseModel):
    """Versions of the servers."""

    model_config = ConfigDict(frozen=True)

    postgres: str
    redis: str

    @classmethod
    def of(cls, database_url: str, redis_url: str) -> Self:
        with psycopg.connect(database_url) as connection:
            postgres = connection.info.parameter_status("server_version") or ""
        with closing(connect(redis_url)) as client:
            info: dict[str, object] = client.info("server")  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
        return cls(postgres=postgres, redis=str(info["redis_version"]))


class Machine(BaseModel):
    """Facts of the machine, its software and what else it did meanwhile."""

    model_config = ConfigDict(frozen=True)

    cores: int = Field(description="That this process may use.")
    processor: str
    memory_gib: float
    system: str
    python: str
    servers: Servers
    libraries: dict[str, str]
    load_before: float = Field(description="Processes that ran or wanted to, over the minute before.")
    steal_percent: float | None = Field(description="Processor time that the hypervisor gave to others; null where nobody tells.")


class Meter:
    """Made when the measuring begins; tells when it is over what the machine was and did."""

    def __init__(self) -> None:
        self._load = os.getloadavg()[0]
        self._ticks = _ticks()

    def read(self, servers: Servers) -> Machine:
        return Machine(
            cores=_cores(),
            processor=_processor(),
            memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            system=f"{platform.system()} {platform.release()}",
            python=sys.version.split()[0],
            servers=servers,
            libraries={name: version(name) for name in _LIBRARIES},
            load_before=round(self._load, 2),
            steal_percent=_steal_percent(self._ticks, _ticks()),
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    names = [line.partition(":")[2].strip() for line in _lines(_CPUINFO) if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _ticks() -> list[int]:
    """Of all processors together: user, nice, system, idle, iowait, irq, softirq and steal times."""
    return [int(ticks) for line in _lines(_STAT)[:1] for ticks in line.split()[1:9]]


def _steal_percent(before: list[int], after: list[int]) -> float | None:
    passed = [late - early for early, late in zip(before, after, strict=True)]
    return round(100 * passed[_STEAL] / max(sum(passed), 1), 2) if passed else None


def _lines(file: Path) -> list[str]:
    """Of a file that only Linux has."""
    return file.read_text().splitlines() if file.exists() else []
