"""Reads docker-compose.yml as `docker compose` does."""

import re
import shlex
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, JsonValue, TypeAdapter

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<mark>:?[-+?])(?P<word>[^{}]*))?\}")


class Build(BaseModel):
    """What an image is made of."""

    target: str


class Dependency(BaseModel):
    """What must be true of another service first."""

    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Healthcheck(BaseModel):
    """How a container says that it is well."""

    test: tuple[str, ...]


class Service(BaseModel):
    """A service, as far as the tests look at it."""

    build: Build | None = None
    container_name: str | None = None
    stop_grace_period: str = "10s"
    command: tuple[str, ...] = ()
    depends_on: dict[str, Dependency] = {}
    environment: dict[str, str] = {}
    healthcheck: Healthcheck | None = None
    networks: frozenset[str] = frozenset()
    ports: tuple[str, ...] = ()
    restart: str = "no"


def read(path: Path, variables: Mapping[str, str]) -> JsonValue:
    """The file with its variables put in. Raises ValueError when it requires one that is not set."""
    return _interpolated(TypeAdapter[JsonValue](JsonValue).validate_python(yaml.safe_load(path.read_text())), variables)


def services(path: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """The services of the file, each after those that it depends on."""
    found = TypeAdapter(dict[str, Service]).validate_python(_mapping(read(path, variables))["services"])
    order = TopologicalSorter({name: service.depends_on.keys() for name, service in found.items()}).static_order()
    return {name: found[name] for name in order}


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """The text with its variables put in, the innermost first."""
    while (replaced := _VARIABLE.sub(lambda match: _value(match, variables), text)) != text:
        text = replaced
    return text


def images(dockerfile: Path) -> Iterator[tuple[str, list[str]]]:
    """Name and instructions of each stage of a Dockerfile, with those of the stage that it starts from."""
    stages: dict[str, list[str]] = {}
    name = ""
    for line in dockerfile.read_text().replace("\\\n", " ").splitlines():
        match shlex.split(line, comments=True):
            case ["FROM", base, "AS", name]:
                stages[name] = list(stages.get(base, []))
            case [_, *_] if name:
                stages[name].append(line.strip())
            case _:
                pass
    yield from stages.items()


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    name, mark, word = match["name"], match["mark"] or "", match["word"] or ""
    value = variables.get(name)
    given = bool(value) if mark.startswith(":") else value is not None
    match mark[-1:]:
        case "-":
            return value or "" if given else word
        case "+":
            return word if given else ""
        case "?" if not given:
            raise ValueError(f"{name} must be set: {word}")
        case _:
            return value or ""


def _interpolated(value: JsonValue, variables: Mapping[str, str]) -> JsonValue:
    match value:
        case str():
            return interpolate(value, variables)
        case list():
            return [_interpolated(item, variables) for item in value]
        case dict():
            return {key: _interpolated(item, variables) for key, item in value.items()}
        case _:
            return value


def _mapping(value: JsonValue) -> dict[str, JsonValue]:
    return TypeAdapter(dict[str, JsonValue]).validate_python(value)
