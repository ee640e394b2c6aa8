"""`toolchord tools list` and `show`."""

import json

from orchestrator.cli.errors import ExitCode
from tests.unit.orchestrator.cli.conftest import Toolchord
from tests.unit.orchestrator.cli.service import Service, tool


def _offering(service: Service, *names: str) -> None:
    service.will_answer("GET", "/v1/tools", {"object": "list", "data": [tool(name) for name in names], "has_more": False})


def test_a_list_has_a_line_for_each_tool(toolchord: Toolchord, service: Service) -> None:
    """With the first line of what the model reads."""
    _offering(service, "get_weather", "get_news")

    _, _, *rows = toolchord("tools", "list").out.splitlines()

    assert [row.split() for row in rows] == [[name, "io", "3", "5", "s", "Get", "the", "weather."] for name in ("get_weather", "get_news")]


def test_a_tool_without_a_worker_is_told(toolchord: Toolchord, service: Service) -> None:
    """A run may still name it, and waits."""
    service.will_answer("GET", "/v1/tools", {"object": "list", "data": [tool("get_weather", live=False)], "has_more": False})

    assert toolchord("tools", "list").out.splitlines()[2].split()[:3] == ["get_weather", "io", "none"]
    assert "Workers  none since" in toolchord("tools", "show", "get_weather").out


def test_without_workers_the_list_is_empty(toolchord: Toolchord, service: Service) -> None:
    """A sentence says why."""
    _offering(service)

    assert toolchord("tools", "list") == (ExitCode.OK, "", "No worker has announced a tool.\n")


def test_a_tool_is_shown_with_its_options_and_its_schema(toolchord: Toolchord, service: Service) -> None:
    """What the model sees and what the workers do."""
    _offering(service, "get_weather")

    out = toolchord("tools", "show", "get_weather").out

    assert out.startswith("get_weather\nGet the weather.\n\nOf any city.\n")
    assert "Retries  2, idempotent\n" in out
    assert '"city": {' in out


def test_json_is_the_tool_alone(toolchord: Toolchord, service: Service) -> None:
    """As the service tells it."""
    _offering(service, "get_weather", "get_news")

    result = toolchord("tools", "show", "get_news", "--json")

    assert {**json.loads(result.out), "last_seen_at": None} == {**tool("get_news"), "last_seen_at": None}


def test_a_tool_that_is_not_there_is_not_found(toolchord: Toolchord, service: Service) -> None:
    """With what may have been meant, else with what there is."""
    _offering(service, "get_weather", "get_news")

    assert toolchord("tools", "show", "get_wether") == (
        ExitCode.NOT_FOUND,
        "",
        "error: There is no tool named 'get_wether'. Did you mean get_weather?\n",
    )
    assert toolchord("tools", "show", "x").err == "error: There is no tool named 'x'. There are: get_weather, get_news.\n"
