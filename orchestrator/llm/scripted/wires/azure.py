"""Chat completions as Azure OpenAI answers them, at both of its kinds of path."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.llm.scripted.checks import chat
from orchestrator.llm.scripted.completion import Completion
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.wires.base import Json
from orchestrator.llm.scripted.wires.chat import Chat

_SAFE = {kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "self_harm", "sexual", "violence")}
_PROMPT = [{"prompt_index": 0, "content_filter_results": _SAFE}]


class Azure(Chat):
    """POST /openai/v1/chat/completions, where the body names the deployment, and /openai/deployments/NAME/chat/completions."""

    id_header = "apim-request-id"

    def read(self, body: Any, place: Mapping[str, str]) -> ChatRequest:
        """The path's deployment is the model; that of the body, if any, is ignored."""
        if "deployment" not in place:
            return super().read(body, place)
        if not place["api_version"]:
            raise RequestError("Resource not found", code="404", status=404)
        return chat.check({**body, "model": place["deployment"]} if isinstance(body, dict) else body)

    def body(self, completion: Completion) -> Json:
        return super().body(completion) | {"prompt_filter_results": _PROMPT}

    def chunks(self, completion: Completion) -> Iterator[Json]:
        """The first chunk tells of the prompt alone."""
        yield {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": _PROMPT}
        yield from super().chunks(completion)

    def envelope(self, completion: Completion, kind: str, choices: list[Json]) -> Json:
        """Only texts are filtered: calls are not."""
        return super().envelope(completion, kind, [choice | {"content_filter_results": _filtered(choice)} for choice in choices])


def _filtered(choice: Json) -> Json:
    said: Json = choice["message"] if "message" in choice else choice["delta"]
    return _SAFE if said.get("content") else {}
