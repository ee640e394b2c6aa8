"""Azure OpenAI through the openai SDK, in its two styles and with its three kinds of credentials."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import httpx2
import openai

from orchestrator.llm.carriers.openai import http_client, openai_client
from orchestrator.llm.errors import ModelRefused

_SCOPE: Final = "https://cognitiveservices.azure.com/.default"


class Account(NamedTuple):
    """A resource and who asks it. Without a key and a token, the process's own identity does."""

    endpoint: str
    key: str | None
    token: str | None
    version: str | None


def azure_client(account: Account, *, max_connections: int = 64, transport: httpx2.BaseTransport | None = None) -> openai.OpenAI:
    """A client of the resource: of its v1 API, which is OpenAI's own, or of the older one where a version is named. Raises
    ModelRefused where there is nobody to ask as."""
    endpoint = account.endpoint.rstrip("/")
    if account.version is None:
        key = account.key or account.token or _identity()
        return openai_client(f"{endpoint}/openai/v1/", key, max_connections=max_connections, transport=transport)
    return openai.AzureOpenAI(
        azure_endpoint=endpoint,
        api_version=account.version,
        max_retries=0,
        http_client=http_client(max_connections, transport),
        **_credentials(account),
    )


def _credentials(account: Account) -> dict[str, Any]:
    """One of them: the SDK refuses several."""
    if account.key:
        return {"api_key": account.key}
    return {"azure_ad_token": account.token} if account.token else {"azure_ad_token_provider": _identity()}


def _identity() -> Callable[[], str]:
    """Gives the identity's token, fresh when the last one is about to expire."""
    try:
        from azure.identity import (  # noqa: PLC0415  # pyright: ignore[reportMissingImports] - an extra that few have
            DefaultAzureCredential,  # pyright: ignore[reportUnknownVariableType] - not installed where types are checked
            get_bearer_token_provider,  # pyright: ignore[reportUnknownVariableType] - not installed where types are checked
        )
    except ModuleNotFoundError:
        message = "The model provider's account is not set: neither a key nor a token, and azure-identity is not installed."
        raise ModelRefused("model_misconfigured", message, retryable=False) from None
    return get_bearer_token_provider(DefaultAzureCredential(), _SCOPE)  # pyright: ignore[reportUnknownVariableType] - as above
