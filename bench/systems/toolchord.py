"""Toolchord itself, with the processes and the settings of a real one, asked over HTTP."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from httpx2 import Client, HTTPError
from pydantic import BaseModel

from bench import tools
from bench.stage import Stage
from bench.systems.system import System
from bench.workloads import Message, Workload, WrongAnswerError
from orchestrator.processes.child import ProcessSpec
from orchestrator.processes.ports import LOOPBACK, free_port
from orchestrator.stack import plan

_REDIS_DATABASE = 0
_WAIT_S = 60
_SETTINGS = "HTTP with Prefer: wait; API, coordinator (threads, 16), watcher, tool worker (threads, 64), Postgres, Redis"
#: No tool of the benchmark is for the prefork worker, and nobody looks at Flower.
_LEFT_OUT = {"worker-default", "flower"}


class _Run(BaseModel):
    """The run object, as far as it matters here."""

    status: str
    messages: list[Message]


@contextmanager
def toolchord(stage: Stage) -> Generator[System]:
    """Starts every process but those that the workloads do not use."""
    port = free_port()
    outline = _outline(stage, port)
    stage.start(*_used(plan.without_database(outline)))
    stage.run(plan.migrations(outline))
    stage.start(*_used(plan.with_database(outline)))
    with Client(base_url=f"http://{LOOPBACK}:{port}", timeout=_WAIT_S + 5, trust_env=False) as http:
        yield System(
            name="toolchord",
            settings=_SETTINGS,
            ready=lambda: _offers_tool(http),
            answer=lambda workload: _answer(http, workload),
        )


def _outline(stage: Stage, port: int) -> plan.Plan:
    urls = {"DATABASE_URL": stage.database_url, "REDIS_URL": stage.redis_url(_REDIS_DATABASE), "OPENAI_BASE_URL": stage.model_url}
    return plan.Plan(
        environ=stage.environ | urls | {"OPENAI_API_KEY": "scripted", "TOOLCHORD_TOOLS": tools.__name__},
        log=stage.log,
        host=LOOPBACK,
        api_port=port,
        flower_port=0,
        flower_auth="",
        model_port=None,
    )


def _used(specs: tuple[ProcessSpec, ...]) -> list[ProcessSpec]:
    return [spec for spec in specs if spec.name not in _LEFT_OUT]


def _offers_tool(http: Client) -> bool:
    try:
        listed: list[dict[str, Any]] = http.get("/v1/tools").raise_for_status().json()["data"]
    except HTTPError:
        return False
    return any(tool["name"] == tools.pause.spec.name and tool["live"] for tool in listed)


def _answer(http: Client, workload: Workload) -> list[Message]:
    body = {
        "model": workload.model,
        "messages": workload.messages,
        "tools": [tools.pause.spec.name],
        "max_parallel_tool_calls": workload.calls,
    }
    response = http.post("/v1/runs", json=body, headers={"Prefer": f"wait={_WAIT_S}"}).raise_for_status()
    run = _Run.model_validate_json(response.content)
    if run.status != "completed":
        raise WrongAnswerError(f"{workload.name}: a run is {run.status} and not completed: {response.text}")
    return run.messages
