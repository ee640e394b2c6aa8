"""Completions for the tests of the wire formats."""

from typing import Any

from orchestrator.llm.scripted.completion import Completion
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Reply, ScriptedCall
from orchestrator.llm.scripted.transcript import standing

#: Two calls after a thought and a word, the second without arguments.
TWO_CALLS = Reply(
    reasoning="Hm, two.", content="Wait.", tool_calls=(ScriptedCall.of("get_weather", city="Tokyo"), ScriptedCall(name="now"))
)


def completion(reply: Reply, **fields: Any) -> Completion:
    """The reply to a short question."""
    request = ChatRequest.model_validate({"model": "scripted", "messages": [{"role": "user", "content": "Hello, you!"}]} | fields)
    return Completion(request, standing(request.messages), reply)
