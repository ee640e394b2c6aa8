"""What a request holds, in a line for each message, turn or item."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.llm.untrusted import mappings

Body = Mapping[str, Any]


def outline(body: Body) -> tuple[str, ...]:
    """Of a request in any of the formats."""
    if "contents" in body:
        return tuple(_turn(each, "parts", _part) for each in body["contents"])
    if "input" in body:
        return tuple(map(_item, body["input"]))
    if "max_tokens" in body and all(isinstance(each["content"], list) for each in body["messages"]):
        return tuple(_turn(each, "content", _block) for each in body["messages"])
    return tuple(map(_message, body["messages"]))


def _turn(turn: Body, key: str, told: Callable[[Body], str]) -> str:
    return f"{turn['role']}: {', '.join(map(told, turn[key]))}"


def _message(message: Body) -> str:
    """Of chat completions."""
    if message["role"] == "tool":
        return f"tool {message['tool_call_id']}"
    calls = [_call(each) for each in message.get("tool_calls") or ()]
    return f"{message['role']}: {', '.join(calls)}" if calls else message["role"]


def _call(call: Body) -> str:
    signature = call.get("extra_content", {}).get("google", {}).get("thought_signature")
    return f"{call['id']} {call['function']['name']}{call['function']['arguments']}" + (f" signed {signature}" if signature else "")


def _block(block: Body) -> str:
    """Of Anthropic's Messages."""
    match block["type"]:
        case "tool_use":
            return block["id"]
        case "tool_result":
            kinds = [part["type"] for part in mappings(block.get("content"))]
            parts = f" with {' and '.join(kinds)}" if kinds else ""
            return f"result {block['tool_use_id']}" + (" failed" if block.get("is_error") else "") + parts
        case "thinking":
            return f"thinking {block['thinking']!r}"
        case other:
            return other


def _part(part: Body) -> str:
    """Of Gemini."""
    signed = f" signed {part['thoughtSignature']}" if "thoughtSignature" in part else ""
    if call := part.get("functionCall"):
        return f"{call['name']}{json.dumps(call['args'])}" + (f" #{call['id']}" if "id" in call else "") + signed
    if result := part.get("functionResponse"):
        return (
            f"result {result['name']}"
            + (f" #{result['id']}" if "id" in result else "")
            + (" failed" if "error" in result["response"] else "")
        )
    return ("image" if "inlineData" in part else "text") + signed


def _item(item: Body) -> str:
    """Of Responses."""
    match item.get("type", "message"):
        case "function_call":
            return f"call {item['call_id']}" + (f" #{item['id']}" if "id" in item else "")
        case "function_call_output":
            return f"output {item['call_id']}"
        case "message":
            return item["role"]
        case other:
            return f"{other} #{item['id']}"
