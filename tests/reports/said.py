"""What providers send, written short."""

import json
from typing import Any, Final

from orchestrator.llm.scripted import RawFault, Reply, ScriptedCall

Json = dict[str, Any]

TOKYO: Final = '{"city":"Tokyo"}'
PARIS: Final = '{"city":"Paris"}'
OSLO: Final = '{"city":"Oslo"}'


def asks(*cities: str) -> tuple[ScriptedCall, ...]:
    """Calls of get_weather, as a whole answer has them."""
    return tuple(ScriptedCall.of("get_weather", city=city) for city in cities)


def part(args: Any = None, *, name: str | None = None, call: str | None = None, index: int | None = None, **more: Any) -> Json:
    """A fragment of a call in a chunk of chat completions, or a call in a whole one, without the fields that are None."""
    function = {key: value for key, value in (("name", name), ("arguments", args)) if value is not None}
    fields = {"index": index, "id": call, "type": "function" if call else None, "function": function or None}
    return {key: value for key, value in fields.items() if value is not None} | more


def chunk(*parts: Json, finish: str | None = None, **delta: Any) -> Json:
    """A chunk of chat completions."""
    calls = {"tool_calls": list(parts)} if parts else {}
    choice = {"index": 0, "delta": calls | delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def events(*bodies: Json, end: str = "data: [DONE]\n\n") -> str:
    """A stream of server-sent events."""
    return "".join(f"data: {json.dumps(body)}\n\n" for body in bodies) + end


def chat(*parts: Json, finish: str = "tool_calls", again: tuple[ScriptedCall, ...] = ()) -> Reply:
    """A streamed chat completion with a chunk for each fragment. `again`: what the model calls when it is asked once more."""
    return streamed(events(chunk(role="assistant", content=None), *map(chunk, parts), chunk(finish=finish)), again)


def streamed(text: str, again: tuple[ScriptedCall, ...] = ()) -> Reply:
    """A stream, byte by byte. `again`: what the model calls when it is asked once more."""
    return Reply(tool_calls=again, faults=(RawFault(body=text, content_type="text/event-stream", times=1 if again else None),))


def completion(*calls: Json, finish: str = "tool_calls", **message: Any) -> Reply:
    """A whole chat completion."""
    said: Json = {"role": "assistant", "content": None, **({"tool_calls": list(calls)} if calls else {}), **message}
    usage = {"prompt_tokens": 10, "completion_tokens": 300, "total_tokens": 310}
    choice: Json = {"index": 0, "message": said, "finish_reason": finish}
    body: Json = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return Reply.raw(body)


def candidate(*parts: Json, finish: str | None = "STOP") -> Json:
    """An answer of Gemini, whole or a chunk."""
    found: Json = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    return {"candidates": [found | ({"finishReason": finish} if finish else {})], "usageMetadata": {"totalTokenCount": 9}}


def gemini_call(city: str, **more: Any) -> Json:
    """A part that calls get_weather."""
    return {"functionCall": {"name": "get_weather", "args": {"city": city}}, **more}


def message(*blocks: Json, stop_reason: str = "tool_use") -> Reply:
    """A whole answer of Anthropic's."""
    fixed = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    return Reply.raw({**fixed, "content": list(blocks), "stop_reason": stop_reason, "usage": {"input_tokens": 1, "output_tokens": 1}})


def tool_use(call_id: str, city: str) -> Json:
    """A block that calls get_weather."""
    return {"type": "tool_use", "id": call_id, "name": "get_weather", "input": {"city": city}}


def response(*items: Json) -> Json:
    """A response of OpenAI's Responses."""
    return {"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": list(items), "error": None}


def function_call(call_id: str, arguments: str, **more: Any) -> Json:
    """An item that calls get_weather."""
    return {"type": "function_call", "call_id": call_id, "name": "get_weather", "arguments": arguments, **more}
