"""What a new run may ask for, as far as only the database knows."""

from typing import Any

import pytest
from pydantic import JsonValue
from starlette.testclient import TestClient

_HELLO: dict[str, JsonValue] = {"messages": [{"role": "user", "content": "Hello."}]}
_UNKNOWN_RUN = "run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"previous_run_id": _UNKNOWN_RUN}, "previous_run_id"),
        ({"max_cost_usd": 1, "model": "no-such-model"}, "max_cost_usd"),
        ({"tools": [{"type": "function", "function": {"name": "City"}, "execute": False}, "unknown"]}, "tools.1"),
    ],
)
def test_what_only_the_database_knows_is_refused_too(client: TestClient, fields: dict[str, Any], field: str) -> None:
    """The field is named and nothing is stored."""
    response = client.post("/v1/runs", json=_HELLO | fields)

    assert (response.status_code, response.json()["errors"][0]["field"], client.get("/v1/runs").json()["data"]) == (422, field, [])


def test_a_run_shows_what_it_was_asked_for(client: TestClient) -> None:
    """Limits, described tools and the form of the answer, as numbers and JSON."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
    asked = {
        "tools": [{"type": "function", "function": {"name": "City", "parameters": schema}, "execute": False}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
        "max_cost_usd": 0.25,
        "max_total_tokens": 1000,
        "max_tool_calls": 5,
        "max_repairs": 2,
        "model": "openai/gpt-4o",
    }

    run = client.post("/v1/runs", json=_HELLO | asked).json()

    assert {name: run[name] for name in ("max_cost_usd", "max_total_tokens", "max_tool_calls", "max_repairs")} == {
        name: asked[name] for name in ("max_cost_usd", "max_total_tokens", "max_tool_calls", "max_repairs")
    }
    assert (run["tools"], run["tool_choice"], run["warnings"], run["output_parsed"]) == (["City"], None, [], None)
    assert run["response_format"]["json_schema"] == {"name": "a", "description": None, "strict": True, "schema": schema}
