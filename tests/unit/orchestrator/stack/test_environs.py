"""What each role's processes may know."""

from collections.abc import Callable

import pytest

from orchestrator.settings import Settings
from orchestrator.stack.environs import Environ, for_api, for_coordinator, for_tools, reaching_loopback
from workers.settings import WorkerSettings

_ENVIRON = {
    "PATH": "/bin",
    "DATABASE_URL": "postgresql://user:password@host/name",
    "PGPASSWORD": "password",
    "REDIS_URL": "redis://host/0",
    "OPENAI_API_KEY": "key",
    "AZURE_OPENAI_API_KEY": "key",
    "TOOLCHORD_TOOLS": "my_tools",
    "TOOLCHORD_MODEL": "model",
    "TOOLCHORD_SECRETS_DIR": "/run/secrets",
    "TOOLCHORD_HEARTBEAT_FILE": "/tmp/beat",
    "WEATHER_KEY": "key",
}


def _known(environ: Environ) -> set[str]:
    return set(environ) & set(_ENVIRON)


def test_tool_workers_know_the_broker_and_their_tools_secrets_alone() -> None:
    """One that is taken over reaches neither the runs nor the model's key."""
    assert _known(for_tools(_ENVIRON)) == {"PATH", "REDIS_URL", "TOOLCHORD_TOOLS", "WEATHER_KEY"}


def test_the_api_does_not_know_the_models_key() -> None:
    """It calls no model."""
    assert set(_ENVIRON) - _known(for_api(_ENVIRON)) == {"OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "TOOLCHORD_HEARTBEAT_FILE"}


@pytest.mark.parametrize("role", [for_coordinator, for_api, for_tools])
def test_no_two_processes_share_a_heartbeat_file(role: Callable[[dict[str, str]], Environ]) -> None:
    """It would look fresh as long as one of them is well."""
    assert "TOOLCHORD_HEARTBEAT_FILE" not in role(_ENVIRON)


def test_names_in_lower_case_are_secrets_too() -> None:
    """Settings are read in either case."""
    assert for_tools({"database_url": "postgresql://host/name", "openai_api_key": "key"}).keys() == for_tools({}).keys()


@pytest.mark.parametrize("field", sorted(WorkerSettings.model_fields.keys() - {"heartbeat_file"}))
def test_every_setting_of_a_tool_worker_reaches_it(field: str) -> None:
    """A setting that is added to the workers is added here."""
    prefix = "" if field == "redis_url" else WorkerSettings.model_config.get("env_prefix")

    assert f"{prefix}{field}".upper() in for_tools({f"{prefix}{field}".upper(): "value"})


@pytest.mark.parametrize("field", sorted(Settings.model_fields.keys() - WorkerSettings.model_fields.keys()))
def test_no_setting_of_the_orchestrator_alone_reaches_a_tool_worker(field: str) -> None:
    """A setting that is added to the orchestrator stays there."""
    variable = f"TOOLCHORD_{field.upper()}"

    assert variable not in for_tools({variable: "value"})


@pytest.mark.parametrize(
    ("environ", "exempt"),
    [({}, "127.0.0.1"), ({"NO_PROXY": "a"}, "a,127.0.0.1"), ({"no_proxy": "b", "NO_PROXY": "a"}, "b,127.0.0.1")],
)
def test_loopback_is_reached_without_a_proxy(environ: dict[str, str], exempt: str) -> None:
    """Whatever the user exempted stays exempt."""
    assert reaching_loopback(environ) == {"no_proxy": exempt, "NO_PROXY": exempt}
