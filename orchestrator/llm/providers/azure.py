"""Azure OpenAI. A model is the name of a deployment."""

from importlib.util import find_spec
from typing import Final

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.provider import Access, Provider, Variable
from orchestrator.llm.providers.openai import (
    CHAT_USAGE,
    NO_PARALLEL_FLAG,
    NO_REASONING,
    REPEATS_CALLS,
    RESPONSES_SAMPLING,
    RESPONSES_USAGE,
    Api,
)
from orchestrator.llm.wire import Carrier
from orchestrator.llm.wires.chat.wire import ChatWire
from orchestrator.llm.wires.responses.wire import ResponsesWire

_ENDPOINT: Final = "AZURE_OPENAI_ENDPOINT"
_KEY: Final = "AZURE_OPENAI_API_KEY"
_TOKEN: Final = "AZURE_OPENAI_AD_TOKEN"  # noqa: S105 - the name of a variable
_VERSION: Final = "OPENAI_API_VERSION"

_VARIABLES: Final = (
    Variable(_ENDPOINT, "The resource, such as https://NAME.openai.azure.com.", is_url=True),
    Variable(_KEY, "Key of the resource.", is_secret=True),
    Variable(_TOKEN, "Token of Microsoft Entra ID in the place of a key. It is not refreshed.", is_secret=True),
    Variable(_VERSION, "Asks in the older style, by deployment and version, such as 2024-10-21; the v1 API when unset."),
)
#: "Structured outputs are not supported with parallel function calls" (Azure OpenAI, "Structured outputs", 2026).
_CHAT: Final = Capabilities(parallel_flag="parallel_tool_calls", strict=True, strict_with_parallel=False, usage=CHAT_USAGE)


def _needs() -> tuple[tuple[str, ...], ...]:
    """Where azure-identity is installed, the process may have an identity of its own."""
    return ((_ENDPOINT,),) if _has_identity() else ((_ENDPOINT,), (_KEY, _TOKEN))


def _has_identity() -> bool:
    try:
        return find_spec("azure.identity") is not None
    except ModuleNotFoundError:
        return False


def _at(url: str) -> Access:
    return {_ENDPOINT: url, _KEY: "none"}


def _connect(access: Access, connections: int, api: Api) -> Carrier:
    from orchestrator.llm.carriers.azure import Account, azure_client  # noqa: PLC0415 - SDKs take seconds to import
    from orchestrator.llm.carriers.openai import OpenAICarrier  # noqa: PLC0415 - SDKs take seconds to import

    account = Account(access.get(_ENDPOINT, ""), access.get(_KEY), access.get(_TOKEN), access.get(_VERSION))
    return OpenAICarrier(azure_client(account, max_connections=connections), api)


AZURE: Final = Provider(
    name="azure",
    title="Azure OpenAI",
    example="azure/my-deployment",
    capabilities=_CHAT,
    exceptions=(NO_PARALLEL_FLAG, REPEATS_CALLS),
    variables=_VARIABLES,
    needs=_needs(),
    prices="azure",
    at=_at,
    wire=ChatWire,
    connect=lambda access, connections: _connect(access, connections, "chat"),
)

AZURE_RESPONSES: Final = Provider(
    name="azure-responses",
    title="Azure OpenAI",
    example="azure-responses/my-deployment",
    capabilities=_CHAT.changed(sampling=RESPONSES_SAMPLING, usage=RESPONSES_USAGE),
    exceptions=(NO_PARALLEL_FLAG, REPEATS_CALLS, NO_REASONING),
    variables=_VARIABLES,
    needs=_needs(),
    prices="azure",
    at=_at,
    wire=ResponsesWire,
    connect=lambda access, connections: _connect(access, connections, "responses"),
)
