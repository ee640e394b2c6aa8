"""docker-compose.yml: a valid file, whose services as written make a working Toolchord."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import jsonschema
import pytest
from pydantic import BaseModel

from orchestrator.embedded import EmbeddedServers
from orchestrator.llm import records
from orchestrator.processes.child import ProcessSpec
from orchestrator.processes.ports import LOOPBACK, free_port
from orchestrator.processes.supervisor import Supervisor
from orchestrator.settings import Settings
from tests.acceptance import compose
from tests.acceptance.compose import Service
from tests.acceptance.waiting import until
from workers.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
SCHEMA = ROOT.parent / "shared" / "data" / "compose-spec.json"
#: Images of others, in whose place the embedded servers stand.
SERVERS = {"postgres", "redis"}
WORKERS = {"worker-io", "worker-default"}
_OF_MODELS = {variable.name for variable in records.variables()}
QUESTION = "What's the weather in Tokyo, what's AAPL's stock price, and what's the latest news about AI?"
TOOLS = {"get_weather", "get_stock_price", "get_news_headlines"}


class ToolCall(BaseModel):
    """A tool call of a run, as far as it matters here."""

    name: str
    status: str
    queue: str


class Run(BaseModel):
    """A run, as far as it matters here."""

    status: str
    output: str | None
    tool_calls: tuple[ToolCall, ...]


class Running(NamedTuple):
    """The services, started."""

    api_url: str
    flower_url: str
    supervisor: Supervisor


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    """The file as somebody has it who set nothing."""
    return compose.services(COMPOSE, {})


@pytest.mark.parametrize("name", sorted({"coordinator", *WORKERS}))
def test_no_service_is_killed_before_it_has_given_back_what_it_runs(services: dict[str, Service], name: str) -> None:
    """What its grace does not suffice for takes up to half a minute more, when a server is away."""
    period = services[name].stop_grace_period

    for settings in (Settings, WorkerSettings):
        assert float(period.removesuffix("s")) >= settings.model_fields["stop_grace_s"].default + 30


def test_the_file_follows_the_compose_specification() -> None:
    """Every key is known to `docker compose`, and every value is of the right kind."""
    if not SCHEMA.exists():
        pytest.skip(f"the compose specification is not at {SCHEMA}")

    specification = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))

    errors = specification.iter_errors(compose.read(COMPOSE, {}))  # pyright: ignore[reportUnknownMemberType] - typed in part only

    assert [error.message for error in errors] == []


def test_the_coordinator_alone_is_given_what_leads_to_models(services: dict[str, Service]) -> None:
    """Every provider that is set beside the file can be asked."""
    assert services["coordinator"].environment.keys() >= _OF_MODELS
    assert [name for name, service in services.items() if service.environment.keys() & _OF_MODELS] == ["coordinator"]


def test_tool_workers_can_reach_neither_the_runs_nor_the_model(services: dict[str, Service]) -> None:
    """They hold neither a database URL nor a key, and share no network with who does."""
    closed = services["postgres"].networks | services["coordinator"].networks

    for name in WORKERS:
        held = " ".join(services[name].environment)
        assert not re.search("DATABASE|POSTGRES|OPENAI", held), name
        assert not services[name].environment.keys() & _OF_MODELS, name
        assert not services[name].networks & closed, name


def test_tool_workers_can_be_scaled(services: dict[str, Service]) -> None:
    """Nothing of a worker is there once only: no name, no port, and its node is called after its container."""
    for name in WORKERS:
        service = services[name]
        assert (service.container_name, service.ports) == (None, ()), name
        assert service.command[service.command.index("-n") + 1].endswith("@%h"), name


def test_nothing_is_published_beyond_this_machine(services: dict[str, Service]) -> None:
    """The passwords of the file are known to everybody."""
    ports = [port for service in services.values() for port in service.ports]

    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_every_service_that_stays_is_watched_and_restarted(services: dict[str, Service]) -> None:
    """All but the migrations, which end."""
    stay = {name: service for name, service in services.items() if name != "migrate"}

    assert [name for name, service in stay.items() if not service.healthcheck or service.restart != "unless-stopped"] == []


def test_every_image_runs_as_an_ordinary_user_and_hears_signals(services: dict[str, Service]) -> None:
    """A shell between would keep SIGTERM from the process."""
    images = dict(compose.images(ROOT / "Dockerfile"))
    targets = {service.build.target for service in services.values() if service.build}

    assert targets == {"server", "worker"}
    for target in targets:
        instructions = images[target]
        assert "USER 10001:10001" in instructions, target
        assert "STOPSIGNAL SIGTERM" in instructions, target
        assert json.loads(instructions[-1].removeprefix("CMD ")), target


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("${A:-x}", {}, "x"),
        ("${A:-x}", {"A": ""}, "x"),
        ("${A-x}", {"A": ""}, ""),
        ("${A:-x}", {"A": "y"}, "y"),
        ("${A:+x}", {"A": "y"}, "x"),
        ("${A:+x}", {}, ""),
        ("${A:-${B:-x}}", {"B": "y"}, "y"),
        ("a ${A} b", {}, "a  b"),
    ],
)
def test_variables_are_put_in_as_compose_does(text: str, variables: dict[str, str], expected: str) -> None:
    """What the other tests read is what containers get."""
    assert compose.interpolate(text, variables) == expected


def test_a_required_variable_is_required() -> None:
    """Compose refuses the file, and so does the reader."""
    with pytest.raises(ValueError, match="A must be set: name it"):
        compose.interpolate("${A:?name it}", {})


@pytest.fixture(scope="module")
def running(services: dict[str, Service], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Every service's command as written, with the embedded servers for Postgres and Redis; healthy by its own check."""
    folder = tmp_path_factory.mktemp("compose")
    ports = {port: str(free_port()) for port in ("8000", "8089", "5555")}
    with EmbeddedServers(folder / "servers", {}) as servers, Supervisor() as supervisor:
        here = {
            services["api"].environment["DATABASE_URL"]: servers.database_url,
            services["api"].environment["REDIS_URL"]: servers.redis_url,
            "scripted-model:8089": f"{LOOPBACK}:{ports['8089']}",
            "0.0.0.0": LOOPBACK,
            **ports,
        }
        ours = {name: _placed(service, folder / name, here) for name, service in services.items() if name not in SERVERS}
        for name, service in ours.items():
            _start(name, service, folder / name, supervisor)
        for name, service in ours.items():
            _await_health(name, service, supervisor)
        yield Running(f"http://{LOOPBACK}:{ports['8000']}", f"http://{LOOPBACK}:{ports['5555']}", supervisor)


@pytest.mark.timeout(300)
def test_the_services_answer_a_question_with_three_parallel_tool_calls(running: Running) -> None:
    """The main job, over HTTP: no key, no setting."""
    with httpx2.Client(base_url=running.api_url, timeout=60, trust_env=False) as client:
        until(lambda: _offered(client) >= TOOLS or None, running.supervisor.check)
        question = {"messages": [{"role": "user", "content": QUESTION}], "tools": sorted(TOOLS)}
        accepted = client.post("/v1/runs", json=question, headers={"Prefer": "wait=30"})
        run = Run.model_validate_json(accepted.content)

    assert accepted.status_code == httpx2.codes.OK, accepted.text
    assert (run.status, {call.status for call in run.tool_calls}) == ("completed", {"succeeded"})
    assert {call.name: call.queue for call in run.tool_calls} == {
        "get_weather": "io",
        "get_stock_price": "default",
        "get_news_headlines": "io",
    }
    assert run.output


@pytest.mark.timeout(300)
def test_flower_asks_for_its_password(running: Running, services: dict[str, Service]) -> None:
    """The list of workers is not for everybody."""
    user, _, password = services["flower"].environment["FLOWER_BASIC_AUTH"].partition(":")
    with httpx2.Client(base_url=running.flower_url, timeout=30, trust_env=False) as client:
        stranger = client.get("/workers")
        known = client.get("/workers", auth=(user, password))

    assert (stranger.status_code, known.status_code) == (httpx2.codes.UNAUTHORIZED, httpx2.codes.OK)


def _placed(service: Service, folder: Path, here: dict[str, str]) -> Service:
    """The service with the addresses of this machine in place of the containers', and a /tmp of its own."""
    table = {**here, "/tmp/": f"{folder}/"}
    pattern = re.compile("|".join(re.escape(word) for word in sorted(table, key=len, reverse=True)))
    return Service.model_validate_json(pattern.sub(lambda match: table[match[0]], service.model_dump_json()))


def _environ(service: Service) -> dict[str, str]:
    """What a container sees: the service's variables, and where the image's programs are."""
    return {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", **service.environment}


def _start(name: str, service: Service, folder: Path, supervisor: Supervisor) -> None:
    folder.mkdir()
    if name == "migrate":
        subprocess.run(service.command, env=_environ(service), cwd=folder, check=True)
        return
    log = folder / "log"
    spec = ProcessSpec(name=name, role=name, command=service.command, environ=_environ(service), log=log, cwd=folder)
    supervisor.start([spec])


def _await_health(name: str, service: Service, supervisor: Supervisor) -> None:
    if service.healthcheck is None:
        return
    kind, *check = service.healthcheck.test
    assert kind == "CMD"
    until(lambda: _succeeds(check, _environ(service)), supervisor.check, what=f"the health of {name}")


def _succeeds(command: list[str], environ: dict[str, str]) -> bool | None:
    return subprocess.run(command, env=environ, capture_output=True, check=False).returncode == 0 or None


def _offered(client: httpx2.Client) -> set[str]:
    answer = client.get("/v1/tools")
    return {tool["name"] for tool in answer.json()["data"] if tool["live"]} if answer.is_success else set()
