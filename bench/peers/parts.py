"""What the loops of both peers are made of: the model call and the tool."""

import json
import time
from collections.abc import Sequence
from typing import Any, cast

import httpx2
from openai import DefaultHttpx2Client, OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from bench.tools import pause

Message = dict[str, Any]

#: As many as Toolchord's coordinator keeps.
_CONNECTIONS = 64
_PAUSE = {"name": pause.spec.name, "description": pause.spec.description, "parameters": pause.spec.strict_parameters, "strict": True}


def connect(base_url: str | None = None) -> OpenAI:
    """The SDK as Toolchord sets it up: without retries of its own, with connections that are kept. The URL is that of
    OPENAI_BASE_URL where none is given."""
    limits = httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    http = DefaultHttpx2Client(limits=limits, trust_env=False)
    return OpenAI(base_url=base_url, api_key="scripted", max_retries=0, http_client=http)


def complete(client: OpenAI, model: str, messages: Sequence[Message]) -> Message:
    """One model call, with the tool offered. Gives the assistant message."""
    tools = [{"type": "function", "function": _PAUSE}]
    reply = client.chat.completions.create(
        model=model, messages=cast("list[ChatCompletionMessageParam]", messages), tools=cast("list[ChatCompletionToolParam]", tools)
    )
    return reply.choices[0].message.model_dump(exclude_none=True)


def tool_message(call: Message) -> Message:
    """Waits in this thread, as `pause` does, and gives the answer to the call."""
    milliseconds: int = json.loads(call["function"]["arguments"])["milliseconds"]
    time.sleep(milliseconds / 1000)
    return {"role": "tool", "tool_call_id": call["id"], "content": json.dumps(milliseconds)}
