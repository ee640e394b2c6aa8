"""What Google's Gemini API refuses."""

from typing import Any

import pytest

from orchestrator.llm.scripted.checks.gemini import check
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.signatures import signature

USER: dict[str, Any] = {"role": "user", "parts": [{"text": "Hello"}]}
SAID: dict[str, Any] = {"role": "model", "parts": [{"text": "Well."}]}
SIGNED = signature("a", {})
CONFIG: dict[str, Any] = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["b"]}}


def body(*contents: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request with these contents."""
    return {"contents": list(contents) or [USER]} | fields


def call(name: str = "a", identity: str | None = None, signed: str | None = None, **args: Any) -> dict[str, Any]:
    """The part of a call."""
    named = {} if identity is None else {"id": identity}
    return {"functionCall": {"name": name, "args": args, **named}} | ({} if signed is None else {"thoughtSignature": signed})


def answer(name: str = "a", identity: str | None = None) -> dict[str, Any]:
    """The part of a result."""
    named = {} if identity is None else {"id": identity}
    return {"functionResponse": {"name": name, "response": {"output": 1}, **named}}


def asking(*parts: dict[str, Any]) -> dict[str, Any]:
    """The model's content."""
    return {"role": "model", "parts": list(parts)}


def answering(*parts: dict[str, Any]) -> dict[str, Any]:
    """The user's content."""
    return {"role": "user", "parts": list(parts)}


def declared(*names: str) -> list[dict[str, Any]]:
    """Tools of these names."""
    return [{"functionDeclarations": [{"name": name} for name in names]}]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "contents is not specified"),
        (body(contents=[]), "contents is not specified"),
        (body({"role": "assistant", "parts": [{"text": "Hi"}]}), "Please use a valid role: user, model."),
        (body({"role": "user", "parts": []}), "must not be empty"),
        (body(parallel_tool_calls=True), 'Unknown name "parallel_tool_calls": Cannot find field'),
        (body(tools=declared("1a")), "Invalid function name '1a'"),
        (body(tools=declared("a", "a")), "Duplicate function declaration found: a"),
        (body(toolConfig=CONFIG), "set without function_declarations"),
        (body(tools=declared("a"), toolConfig=CONFIG), "'b' in allowed_function_names is not in function_declarations"),
        (
            body(USER, asking({"functionCall": {"name": "a", "args": "{}"}})),
            r"Invalid value at 'contents\[1\].parts\[0\].functionCall.args'",
        ),
        (body(USER, asking(call()), answering({"functionResponse": {"name": "a", "response": "1"}})), "functionResponse.response"),
    ],
)
def test_a_request_is_refused_as_the_provider_does(sent: Any, message: str) -> None:
    """Where its form or its options are wrong."""
    with pytest.raises(RequestError, match=message):
        check(sent)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ([USER, asking(call(), call()), answering(answer())], "number of function response parts is equal to the number of function call"),
        ([USER, asking(call())], "number of function response parts is equal"),
        ([USER, asking(call(), call()), answering(answer()), answering(answer())], "number of function response parts is equal"),
        ([USER, asking(call()), asking(call()), answering(answer(), answer())], "number of function response parts is equal"),
        ([USER, answering(answer())], "function response turn comes immediately after a function call turn"),
        ([asking(call()), answering(answer())], "function call turn comes immediately after a user turn"),
        ([USER, SAID, asking(call()), answering(answer())], "function call turn comes immediately after a user turn"),
        ([USER, asking(call("a"), call("b")), answering(answer("b"), answer("a"))], "have the names of the function call parts"),
        ([USER, asking(call(identity="1"), call(identity="2")), answering(answer(identity="2"), answer(identity="1"))], "have the ids of"),
        ([USER, asking(call(identity="1")), answering(answer())], "have the ids of the function call parts"),
        ([USER, asking(call()), asking(answer())], "number of function response parts|valid role"),
    ],
)
def test_an_illegal_transcript_is_refused(contents: list[dict[str, Any]], message: str) -> None:
    """As many results as calls, in one content, in their order."""
    with pytest.raises(RequestError, match=message):
        check(body(*contents), model="gemini-2.5-flash")


@pytest.mark.parametrize(
    "contents",
    [
        [USER, asking(call(signed="recorded"), call()), answering(answer(), answer())],
        [USER, asking({"text": "Well."}, call(signed=SIGNED), call("b")), answering(answer(), answer("b"))],
        [USER, asking(call(signed=SIGNED.replace("+", "-").replace("/", "_"))), answering(answer())],
        [USER, asking(call(identity="1", signed="skip_thought_signature_validator")), answering(answer(identity="1"))],
        [USER, asking(call(signed="c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=")), answering(answer(identity="own"))],
        [USER, asking(call()), answering(answer()), SAID, USER],
    ],
)
def test_a_legal_transcript_is_taken(contents: list[dict[str, Any]]) -> None:
    """Signatures may be in the alphabet for URLs, may be skipped, and are not asked for once the user has spoken again."""
    assert len(check(body(*contents)).contents) == len(contents)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([call(), call(signed=SIGNED)], "Function call is missing a thought_signature .* function call `default_api:a` , position 1"),
        ([call(signed=SIGNED, city="Rome")], "Corrupted thought signature"),
        ([call(signed="cmVjb3JkZWQ=")], "Corrupted thought signature"),
    ],
)
def test_a_signature_stays_on_its_part(parts: list[dict[str, Any]], message: str) -> None:
    """On the first call of a batch, with the arguments that it was given for."""
    with pytest.raises(RequestError, match=message):
        check(body(USER, asking(*parts), answering(*(answer() for _ in parts))), own=True)


@pytest.mark.parametrize(("model", "required"), [("gemini-2.5-pro", False), ("gemini-3-flash-preview", True), ("scripted/a", True)])
def test_older_models_take_calls_without_signature(model: str, *, required: bool) -> None:
    """Gemini 3 and what follows it do not."""
    sent = body(USER, asking(call()), answering(answer()))

    if required:
        with pytest.raises(RequestError, match="missing a thought_signature"):
            check(sent, model=model)
    else:
        check(sent, model=model)


def test_names_may_be_in_snake_case() -> None:
    """As in a recorded request."""
    tools = [{"function_declarations": [{"name": "a", "parameters_json_schema": {"type": "object"}}]}]

    assert check(body(tools=tools, generation_config={})).declarations[0].schema_of_parameters == {"type": "object"}
