"""What OpenRouter asks of a chat completion beside OpenAI's rules."""

from typing import Any

from orchestrator.llm.scripted.checks import chat
from orchestrator.llm.scripted.completion import BESIDE_REASONING
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.request import ChatMessage, ChatRequest
from orchestrator.llm.scripted.signatures import is_ours, signs

_NO_TOOLS = "`tools` must be included in every request of a conversation with tool calls, also in the one with their results."
_CHANGED = "messages[{}].reasoning_details: reasoning of a signed model must be passed back unmodified."


def check(body: Any) -> ChatRequest:
    """The request. Raises RequestError."""
    request = chat.check(body)
    if not request.tools and any(message.calls for message in request.messages):
        raise RequestError(_NO_TOOLS, "tools")
    spoken = max((at for at, message in enumerate(request.messages) if message.role == "user"), default=-1)
    for at, message in enumerate(request.messages):
        if not _is_whole(message, required=at > spoken):
            raise RequestError(_CHANGED.format(at), "messages")
    return request


def _is_whole(message: ChatMessage, *, required: bool) -> bool:
    """Signed reasoning is as it was given, and there is some where the scripted model's ids show that it was."""
    details = message.reasoning_details or ()
    text = "".join(each.text or "" for each in details)
    if any(is_ours(each.signature or "") and not signs(each.signature or "", text) for each in details):
        return False
    thought = any(call.id.startswith(f"call_{BESIDE_REASONING}") for call in message.calls)
    return not (required and thought) or any(each.signature for each in details)
