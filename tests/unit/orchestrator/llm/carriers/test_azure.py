"""Azure OpenAI's two styles and its credentials, with the wire replaced."""

import json

import httpx2
import pytest

from orchestrator.llm.carriers.azure import Account, azure_client
from orchestrator.llm.carriers.openai import Api, OpenAICarrier
from orchestrator.llm.errors import ModelRefused

ENDPOINT = "https://name.openai.azure.com/"


def sent(account: Account, api: Api = "chat") -> httpx2.Request:
    """The request that goes out."""
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json={})

    carrier = OpenAICarrier(azure_client(account, transport=httpx2.MockTransport(handler)), api)
    with carrier.send({"model": "my deployment", "messages": []}, "my deployment", stream=False, timeout_s=5):
        pass
    carrier.close()
    return requests[0]


@pytest.mark.parametrize(
    ("version", "api", "path"),
    [
        pytest.param(None, "chat", "/openai/v1/chat/completions", id="v1"),
        pytest.param(None, "responses", "/openai/v1/responses", id="v1-responses"),
        pytest.param("2024-10-21", "chat", "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21", id="older"),
        pytest.param("2025-03-01-preview", "responses", "/openai/responses?api-version=2025-03-01-preview", id="older-responses"),
    ],
)
def test_each_style_has_its_paths(version: str | None, api: Api, path: str) -> None:
    """The v1 API is OpenAI's own; the older one names the deployment and a version."""
    request = sent(Account(ENDPOINT, "key", None, version), api)
    assert str(request.url) == f"https://name.openai.azure.com{path}"
    assert json.loads(request.content)["model"] == "my deployment"


@pytest.mark.parametrize(
    ("key", "token", "version", "header", "value"),
    [
        pytest.param("key", None, None, "authorization", "Bearer key", id="v1-key"),
        pytest.param(None, "token", None, "authorization", "Bearer token", id="v1-token"),
        pytest.param("key", "token", None, "authorization", "Bearer key", id="v1-key-before-token"),
        pytest.param("key", None, "2024-10-21", "api-key", "key", id="older-key"),
        pytest.param(None, "token", "2024-10-21", "authorization", "Bearer token", id="older-token"),
        pytest.param("key", "token", "2024-10-21", "api-key", "key", id="older-key-before-token"),
    ],
)
def test_who_asks_is_told_as_the_style_wants_it(key: str | None, token: str | None, version: str | None, header: str, value: str) -> None:
    """By a key or by a token."""
    assert sent(Account(ENDPOINT, key, token, version)).headers[header] == value


@pytest.mark.parametrize("version", [None, "2024-10-21"])
def test_without_either_the_process_needs_an_identity(version: str | None) -> None:
    """azure-identity gives it one."""
    with pytest.raises(ModelRefused) as caught:
        azure_client(Account(ENDPOINT, None, None, version))
    assert caught.value.code == "model_misconfigured"
