"""The processes of a local Toolchord."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.stack import plan
from orchestrator.stack.plan import Plan

_SECRETS = {"DATABASE_URL": "postgresql://secret/", "REDIS_URL": "redis://secret/", "OPENAI_API_KEY": "sk-secret"}


def _plan(model_port: int | None = 4, environ: Mapping[str, str] | None = None) -> Plan:
    return Plan(
        environ=_SECRETS | dict(environ or {}), log=Path, api_port=1, flower_port=2, flower_auth="user:secret", model_port=model_port
    )


_SPECS = (*plan.without_database(_plan()), *plan.with_database(_plan()), plan.migrations(_plan()))


def test_every_part_is_a_process_of_its_own() -> None:
    """As on hosts of their own."""
    assert [spec.name for spec in _SPECS] == [
        "model",
        "worker-io",
        "worker-default",
        "flower",
        "api",
        "coordinator",
        "watcher",
        "migrations",
    ]


def test_no_model_is_started_where_a_real_one_is_asked() -> None:
    """A model port of None means that."""
    assert "model" not in [spec.name for spec in plan.without_database(_plan(model_port=None))]


@pytest.mark.parametrize("spec", _SPECS, ids=lambda spec: spec.name)
def test_no_secret_is_on_a_command_line(spec: plan.ProcessSpec) -> None:
    """Everyone on the machine sees command lines."""
    assert "secret" not in " ".join(spec.command)


@pytest.mark.parametrize("spec", _SPECS, ids=lambda spec: spec.name)
def test_each_secret_is_known_where_it_is_needed_and_nowhere_else(spec: plan.ProcessSpec) -> None:
    """The model's key to the coordinator, the database to the orchestrator's processes."""
    needed = {"coordinator": set(_SECRETS), **dict.fromkeys(("api", "watcher", "migrations"), frozenset({"DATABASE_URL", "REDIS_URL"}))}

    assert {name for name in _SECRETS if name in spec.environ} == needed.get(spec.name, {"REDIS_URL"})


def test_the_api_has_time_for_its_drain_before_it_is_killed() -> None:
    """It is told to stop once, serves on, and then answers what is open."""
    grace = {drain_s: _api(drain_s).grace_s for drain_s in (0.0, 30.0)}

    assert grace[30.0] == grace[0.0] + 30.0


def _api(drain_s: float) -> plan.ProcessSpec:
    return next(spec for spec in plan.with_database(replace(_plan(), drain_s=drain_s)) if spec.name == "api")


def test_the_api_and_the_model_stop_after_those_that_ask_them() -> None:
    """A worker that stops may still say so."""
    last = max(spec.stop_stage for spec in _SPECS)

    assert {spec.name for spec in _SPECS if spec.stop_stage == last} == {"api", "model"}


@pytest.mark.parametrize(("environ", "grace"), [({}, "3"), ({"TOOLCHORD_STOP_GRACE_S": ""}, "3"), ({"TOOLCHORD_STOP_GRACE_S": "30"}, "30")])
def test_no_process_is_killed_before_it_has_given_back_what_it_runs(environ: dict[str, str], grace: str) -> None:
    """A local stack is stopped sooner than one in production, unless it is told otherwise."""
    outline = _plan(environ=environ)
    specs = {spec.name: spec for spec in (*plan.without_database(outline), *plan.with_database(outline))}

    for name in ("worker-io", "worker-default", "coordinator"):
        assert specs[name].environ["TOOLCHORD_STOP_GRACE_S"] == grace
        assert specs[name].grace_s > float(grace) + 5
