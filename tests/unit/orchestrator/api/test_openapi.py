"""The description of the API."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from orchestrator.app import app

_DOCUMENT: dict[str, Any] = app.openapi()


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in _DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_operations_have_stable_names() -> None:
    """Generated clients are written against these."""
    assert {name: operation["operationId"] for name, operation in _operations()} == {
        "post /v1/runs": "create_run",
        "get /v1/runs": "list_runs",
        "get /v1/runs/{run_id}": "get_run",
        "get /v1/runs/{run_id}/events": "list_run_events",
        "post /v1/runs/{run_id}/cancel": "cancel_run",
        "get /v1/tools": "list_tools",
        "get /livez": "livez",
        "get /healthz": "healthz",
        "get /readyz": "readyz",
        "get /version": "version",
    }


def test_refusals_are_problems() -> None:
    """Every refusal has the media type of RFC 9457 and our schema, except readiness, which answers its state."""
    refusals = {
        (name, media_type, content["schema"]["$ref"].rpartition("/")[2])
        for name, operation in _operations()
        for status, response in operation["responses"].items()
        if int(status) >= 400
        for media_type, content in response["content"].items()
    }

    assert {refusal[1:] for refusal in refusals if refusal[0] != "get /readyz"} == {("application/problem+json", "Problem")}
    assert "HTTPValidationError" not in str(_DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    """No schema was lost on the way."""
    references = set(re.findall(r"'#/components/schemas/(\w+)'", str(_DOCUMENT)))

    assert references <= set(_DOCUMENT["components"]["schemas"])


def test_the_example_of_a_run_is_accepted(client: TestClient) -> None:
    """It fits its schema, and the API."""
    schema = {**_DOCUMENT["components"]["schemas"]["RunRequest"], "components": _DOCUMENT["components"]}
    example = schema["examples"][0]

    jsonschema.validate(example, schema)
    assert client.post("/v1/runs", json=example).status_code == 202


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_the_description_is_served(client: TestClient, path: str) -> None:
    """Both for programs and for people."""
    assert client.get(path).status_code == 200


def test_it_is_openapi_3_1() -> None:
    """Every operation belongs to a described group."""
    tags = {tag["name"] for tag in _DOCUMENT["tags"]}

    assert _DOCUMENT["openapi"].startswith("3.1")
    assert {tag for _, operation in _operations() for tag in operation["tags"]} == tags
