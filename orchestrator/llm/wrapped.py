"""`multi_tool_use.parallel`: calls inside a call, which models still make up, as OpenAI's first parallel calls were written."""

import json
from typing import Final

from orchestrator.llm.model import ModelReply, RequestedCall
from orchestrator.llm.untrusted import clean, loaded, mapping, mappings, text
from tasks.arguments import NO_ARGUMENTS

#: The name of a call around others.
WRAPPER: Final = "multi_tool_use.parallel"
_NAMESPACE: Final = "functions."


def unpacked(reply: ModelReply) -> ModelReply:
    """The reply with the inner calls in place of each such call, and without the raw turn that held it. A call whose
    arguments do not say what to call stays, to be refused."""
    calls = tuple(inner for call in reply.calls for inner in _inner(call))
    return reply if calls == reply.calls else reply.model_copy(update={"calls": calls, "raw": None})


def _inner(call: RequestedCall) -> tuple[RequestedCall, ...]:
    if call.name != WRAPPER:
        return (call,)
    uses = mappings(loaded(call.arguments).get("tool_uses"))
    inner = [(text(use.get("recipient_name")) or "", use.get("parameters")) for use in uses]
    if not inner or not all(name for name, _ in inner):
        return (call,)
    return tuple(RequestedCall(provider_id=None, name=name.removeprefix(_NAMESPACE), arguments=_text(each)) for name, each in inner)


def _text(parameters: object) -> str:
    if isinstance(parameters, str):
        return clean(parameters)
    return json.dumps(mapping(parameters), ensure_ascii=False) if parameters is not None else NO_ARGUMENTS
