"""Answers in Google's form."""

import json
from typing import Any

import pytest

from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.script import Reply, ScriptedCall, TokenCounts
from orchestrator.llm.scripted.signatures import signs
from orchestrator.llm.scripted.wires.gemini import Gemini, model_of
from tests.unit.orchestrator.llm.scripted.wires.said import TWO_CALLS, completion

WIRE = Gemini()
PLACE = {"resource": "models/scripted", "verb": "generateContent"}


def parts(reply: Reply) -> list[dict[str, Any]]:
    """The parts of a whole answer."""
    content: dict[str, Any] = WIRE.body(completion(reply))["candidates"][0]["content"]
    return content.get("parts", [])


def chunks(reply: Reply) -> list[dict[str, Any]]:
    """The candidates of a stream."""
    return [json.loads(event.removeprefix(b"data: "))["candidates"][0] for event in WIRE.events(completion(reply))]


def test_only_the_first_call_is_signed() -> None:
    """After what was thought and said."""
    thought, text, first, second = parts(TWO_CALLS)

    assert (thought, text) == ({"text": "Hm, two.", "thought": True}, {"text": "Wait."})
    assert signs(first["thoughtSignature"], "get_weather", {"city": "Tokyo"})
    assert "thoughtSignature" not in second
    assert second["functionCall"] == {"name": "now", "args": {}, "id": second["functionCall"]["id"]}


def test_a_call_without_arguments_is_signed_as_one_with_none() -> None:
    """Its signature is known again, however it comes back."""
    (part,) = parts(Reply(tool_calls=(ScriptedCall(name="now", arguments="null"),)))

    assert signs(part["thoughtSignature"], "now", {})


def test_ids_may_be_left_out() -> None:
    """A fresh one has eight characters."""
    fresh, given, none = (
        part["functionCall"].get("id")
        for part in parts(Reply(tool_calls=(ScriptedCall(name="a"), ScriptedCall(name="a", id="x"), ScriptedCall(name="a", id=None))))
    )

    assert (len(fresh), given, none) == (8, "x", None)


def test_each_call_has_a_chunk_of_its_own() -> None:
    """And the last chunk says why it ended, with an empty text."""
    said = chunks(TWO_CALLS)

    called = [candidate["content"]["parts"] for candidate in said if "functionCall" in candidate["content"]["parts"][0]]
    assert [len(each) for each in called] == [1, 1]
    assert (said[-1]["content"]["parts"], said[-1]["finishReason"]) == ([{"text": ""}], "STOP")
    assert all("finishReason" not in candidate for candidate in said[:-1])
    texts = [part for candidate in said for part in candidate["content"]["parts"] if "text" in part]
    assert "".join(part["text"] for part in texts if part.get("thought")) == "Hm, two."


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (TWO_CALLS, "STOP"),
        (Reply(content="Hel", finish_reason="length"), "MAX_TOKENS"),
        (Reply(finish_reason="MALFORMED_FUNCTION_CALL"), "MALFORMED_FUNCTION_CALL"),
        (Reply(refusal="I will not."), "SAFETY"),
    ],
)
def test_it_finishes_for_googles_reasons(reply: Reply, reason: str) -> None:
    """With calls too it says STOP."""
    assert WIRE.body(completion(reply))["candidates"][0]["finishReason"] == reason


def test_a_candidate_may_be_empty() -> None:
    """As where a call was malformed."""
    assert parts(Reply(finish_reason="MALFORMED_FUNCTION_CALL")) == []


def test_thoughts_are_counted_apart() -> None:
    """The total holds them all."""
    tokens = TokenCounts(prompt_tokens=10, completion_tokens=6, cached_tokens=4, reasoning_tokens=2)

    assert WIRE.body(completion(Reply(usage=tokens)))["usageMetadata"] == {
        "promptTokenCount": 10,
        "candidatesTokenCount": 4,
        "thoughtsTokenCount": 2,
        "cachedContentTokenCount": 4,
        "totalTokenCount": 16,
    }


@pytest.mark.parametrize(
    ("resource", "model"),
    [
        ("models/gemini-3-pro", "gemini-3-pro"),
        ("models/scripted/a", "scripted/a"),
        ("projects/p/locations/l/publishers/google/models/gemini-3-pro", "gemini-3-pro"),
        ("projects/p/locations/l/publishers/scripted/models/a", "scripted/a"),
        ("projects/p/locations/l/publishers/google/models/scripted/a", "scripted/a"),
        ("publishers/scripted/models/a", "scripted/a"),
        ("projects/p/locations/l/models/scripted/a", "scripted/a"),
    ],
)
def test_a_script_is_named_in_the_path(resource: str, model: str) -> None:
    """However Google's SDK writes it."""
    assert model_of(resource) == model


def test_an_error_has_googles_status() -> None:
    """The code is a reason in the details."""
    error = WIRE.error(ErrorFault(status=429, message="Slow.", code="RATE_LIMIT_EXCEEDED"))["error"]

    assert (error["code"], error["status"], error["details"][0]["reason"]) == (429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED")
    assert WIRE.error(ErrorFault(status=418, type="TEAPOT"))["error"]["status"] == "TEAPOT"


def test_results_are_paired_by_place_where_there_are_no_ids() -> None:
    """Schemas of Google's own are read as JSON Schema, and a mode that forces a call as one."""
    signed = parts(Reply(tool_calls=(ScriptedCall(name="a", id=None),)))
    contents = [
        {"role": "user", "parts": [{"text": "Hello"}]},
        {"role": "model", "parts": [*signed, {"functionCall": {"name": "a"}}]},
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "a", "response": each}} for each in ({"output": "one"}, {"error": {"code": 2}})],
        },
    ]
    schema = {"type": "OBJECT", "properties": {"type": {"type": 1}, "b": {"type": "ARRAY", "items": {"type": "INTEGER"}}}}
    tools = [{"functionDeclarations": [{"name": "a", "parameters": schema}, {"name": "b"}]}]
    config = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["a"]}}
    system = {"parts": [{"text": "Be brief."}]}

    read = WIRE.read({"contents": contents, "tools": tools, "toolConfig": config, "systemInstruction": system}, PLACE)

    assert [(each.role, each.text) for each in read.messages] == [
        ("system", "Be brief."),
        ("user", "Hello"),
        ("assistant", ""),
        ("tool", "one"),
        ("tool", '{"code": 2}'),
    ]
    assert [call.id for call in read.messages[2].calls] == [message.tool_call_id for message in read.messages[3:]]
    assert [function.name for function in read.functions] == ["a"]
    assert read.functions[0].parameters == {
        "type": "object",
        "properties": {"type": {"type": "string"}, "b": {"type": "array", "items": {"type": "integer"}}},
    }
    assert (read.tool_choice, read.stream) == ("required", False)


def test_only_two_methods_are_known() -> None:
    """Others are not found."""
    with pytest.raises(RequestError, match="countTokens") as caught:
        WIRE.read({}, PLACE | {"verb": "countTokens"})

    assert caught.value.status == 404
