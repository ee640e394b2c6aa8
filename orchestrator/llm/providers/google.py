"""Google: the Gemini API, and the same models on Vertex AI."""

import re
from typing import Final

from orchestrator.llm.capabilities import Capabilities, Exceptional
from orchestrator.llm.provider import Access, Provider, Variable
from orchestrator.llm.wire import Carrier
from orchestrator.llm.wires.gemini.wire import GeminiWire

_GEMINI: Final = Capabilities(
    parallel_flag=None,
    strict=True,
    strict_with_parallel=True,
    error_flag="response.error",
    call_ids="optional",
    retried_statuses=frozenset({408, 429, 500, 502, 503, 504}),
    usage={
        "prompt_tokens": "usageMetadata.promptTokenCount + usageMetadata.toolUsePromptTokenCount",
        "completion_tokens": "usageMetadata.candidatesTokenCount + usageMetadata.thoughtsTokenCount",
        "total_tokens": "usageMetadata.totalTokenCount",
        "cached_tokens": "usageMetadata.cachedContentTokenCount",
        "reasoning_tokens": "usageMetadata.thoughtsTokenCount",
    },
)
_EXCEPTIONS: Final = (
    Exceptional(
        models=re.compile(r"gemini-[12]\."),
        changes={"response_format_with_tools": False},
        reason="Before Gemini 3: \"Function calling with a response mime type: 'application/json' is unsupported\" (symfony/ai#803).",
    ),
    Exceptional(
        models=re.compile(r"gemini-(1\.|2\.0)"),
        changes={"sampling": _GEMINI.sampling - {"reasoning_effort"}},
        reason="They do not think (ai.google.dev/gemini-api/docs/thinking).",
    ),
)
_ON_VERTEX: Final = Variable("GOOGLE_GENAI_USE_VERTEXAI", "true: the models of google are asked on Vertex AI.")
_KEY: Final = Variable("GOOGLE_API_KEY", "Key of the Gemini API, or of Vertex AI in express mode.", is_secret=True)


def _connect(access: Access, connections: int) -> Carrier:
    """As in Google's SDK, GOOGLE_API_KEY wins over the other key."""
    if access.get(_ON_VERTEX.name, "").lower() in {"true", "1"}:
        return _connect_vertex(access, connections)
    from orchestrator.llm.carriers.google import Account, GoogleCarrier  # noqa: PLC0415 - SDKs take seconds to import

    account = Account(api_key=access.get("GOOGLE_API_KEY") or access.get("GEMINI_API_KEY"))
    return GoogleCarrier(account, access.get("GOOGLE_GEMINI_BASE_URL"), max_connections=connections)


def _connect_vertex(access: Access, connections: int) -> Carrier:
    """As in Google's SDK, a project wins over a key; without both, the application default credentials name the project."""
    from orchestrator.llm.carriers.google import Account, GoogleCarrier  # noqa: PLC0415 - SDKs take seconds to import

    project, key = access.get("GOOGLE_CLOUD_PROJECT"), access.get("GOOGLE_API_KEY")
    account = Account(
        vertex=True,
        project=project,
        location=access.get("GOOGLE_CLOUD_LOCATION", "global"),
        token=access.get("GOOGLE_VERTEX_ACCESS_TOKEN"),
    )
    if key and not project:
        account = Account(vertex=True, api_key=key)
    return GoogleCarrier(account, access.get("GOOGLE_VERTEX_BASE_URL"), max_connections=connections)


GOOGLE: Final = Provider(
    name="google",
    title="Google Gemini",
    example="google/gemini-3.5-flash",
    capabilities=_GEMINI,
    exceptions=_EXCEPTIONS,
    variables=(
        Variable("GEMINI_API_KEY", "Key of the Gemini API; GOOGLE_API_KEY wins over it.", is_secret=True),
        _KEY,
        Variable("GOOGLE_GEMINI_BASE_URL", "Any server of Gemini's format, without the version.", is_url=True),
        _ON_VERTEX,
    ),
    needs=(("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"),),
    extra=("google", "google.genai"),
    prices="google",
    at=lambda url: {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "none"},
    wire=GeminiWire,
    connect=_connect,
)

VERTEX: Final = Provider(
    name="vertex",
    title="Vertex AI",
    example="vertex/gemini-3.5-flash",
    capabilities=_GEMINI,
    exceptions=_EXCEPTIONS,
    variables=(
        Variable("GOOGLE_CLOUD_PROJECT", "Project of Google Cloud whose Vertex AI is asked."),
        Variable("GOOGLE_CLOUD_LOCATION", "Where it is asked, such as europe-west4; global when unset."),
        Variable("GOOGLE_VERTEX_ACCESS_TOKEN", "Access token of Google Cloud; application default credentials when unset.", is_secret=True),
        _KEY,
        Variable("GOOGLE_VERTEX_BASE_URL", "Any server of Vertex AI's format, without the version.", is_url=True),
    ),
    needs=(("GOOGLE_CLOUD_PROJECT", "GOOGLE_API_KEY"),),
    extra=("google", "google.genai"),
    prices="google",
    at=lambda url: {"GOOGLE_VERTEX_BASE_URL": url, "GOOGLE_CLOUD_PROJECT": "local", "GOOGLE_VERTEX_ACCESS_TOKEN": "none"},
    wire=GeminiWire,
    connect=_connect_vertex,
)
