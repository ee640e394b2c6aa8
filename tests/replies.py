"""What models may say, at random: legal histories that are posted, and replies with all that is wrong in the field."""

import json
from typing import Any, Final

from hypothesis import strategies as st
from pydantic import JsonValue

from orchestrator.llm.scripted.script import Reply, ScriptedCall, StreamStyle
from orchestrator.llm.wrapped import WRAPPER
from tasks.messages import CallOutcome, Outcome

_CHARACTERS: Final = st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
_ODD_TEXTS: Final = ("", " ", "\n", "Hi.", "Köln \U0001f327\u202e", "{}", '{"a": 1}', "[1]", "null", "\ufffd", "<tool_call>")
#: What can be stored.
TEXTS: Final = st.sampled_from(_ODD_TEXTS) | st.text(_CHARACTERS, max_size=12)
#: Anything that a model may write.
_ANYTHING: Final = TEXTS | st.text(max_size=6) | st.sampled_from(["\x00", "\ud800", "x" * 2000])

#: Tools that run, and one whose calls are a result.
RUNNING: Final = ("get_weather", "lookup")
RESULT: Final = "extract"
_ODD_NAMES: Final = ("", "no_such_tool", "functions.lookup", "final_answer", "final_answer_", "1st", "-a", "a b", "x" * 70)
_NAMES: Final = st.sampled_from([*RUNNING, *RUNNING, RESULT, WRAPPER, *_ODD_NAMES]) | st.text(max_size=4)
_IDS: Final = st.sampled_from(
    ["", "null", " ", "a", "a_d1", "call_1_0", "functions.lookup:0", "a.b", "a_b", "x" * 40, "x" * 41, "x" * 300, "é", "\n"]
) | st.text(max_size=4)
_NO_OBJECTS: Final = ("", "null", "[]", "5", '"{}"', '{"a":1}{"b":2}', '{"a"', "[" * 70 + "]" * 70)
_NO_VALUES: Final = ('{"a":NaN}', '{"a":1e999}', '{"a":1,"a":2}', '{"a":"\\ud800"}')
_BAD_ARGUMENTS: Final = st.sampled_from([*_NO_OBJECTS, *_NO_VALUES])
_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
_OBJECTS: Final[st.SearchStrategy[dict[str, JsonValue]]] = st.dictionaries(TEXTS, _VALUES, max_size=3)
_ARGUMENTS: Final = st.none() | _OBJECTS | _BAD_ARGUMENTS | _ANYTHING
# Most turns end well: else few would follow them.
_REASONS: Final = ("stop", "tool_calls", "length", "length", "content_filter", "refusal", "pause_turn", "odd")
_FINISHES: Final = st.sampled_from([*[None] * 9, *_REASONS])
_REFUSALS: Final = st.sampled_from([*[None] * 12, "", " ", "No."])


def _wrapped(names: list[str], arguments: JsonValue) -> str:
    return json.dumps({"tool_uses": [{"recipient_name": f"functions.{name}", "parameters": arguments} for name in names]})


_UNIDENTIFIED: Final = st.builds(ScriptedCall, name=_NAMES, arguments=_ARGUMENTS)
_IDENTIFIED: Final = st.builds(ScriptedCall, name=_NAMES, arguments=_ARGUMENTS, id=st.none() | _IDS)
_GOOD: Final = st.builds(ScriptedCall, name=st.sampled_from(RUNNING), arguments=_OBJECTS) | st.builds(
    ScriptedCall, name=st.sampled_from(RUNNING), arguments=_OBJECTS, id=st.sampled_from([None, "a", "a_d1", "functions.lookup:0"])
)
_WRAPPING: Final = st.builds(
    ScriptedCall, name=st.just(WRAPPER), arguments=st.builds(_wrapped, st.lists(st.sampled_from(RUNNING), max_size=3), _OBJECTS)
)
_SOUND: Final = st.lists(_GOOD, min_size=1, max_size=3).map(tuple)
_MIXED: Final = st.lists(_GOOD | _IDENTIFIED | _UNIDENTIFIED | _WRAPPING, max_size=4).map(tuple)
_STYLES: Final = st.builds(
    StreamStyle,
    index=st.sampled_from(["position", "zero", "none", "from_one"]),
    ids=st.sampled_from(["opening", "every", "first_call"]),
    arguments=st.sampled_from(["fragments", "whole", "null", "missing"]),
    order=st.sampled_from(["in_turn", "in_turn", "interleaved", "fused"]),
    finish=st.sampled_from(["once", "twice", "each_call"]),
)


def _reply(thought: str | None, calls: tuple[ScriptedCall, ...], **fields: Any) -> Reply:
    """Wrapped calls are unpacked into others, so that what was thought before them cannot go back with them."""
    is_wrapped = any(call.name == WRAPPER for call in calls)
    return Reply(reasoning=None if is_wrapped else thought, tool_calls=calls, **fields)


#: Replies of any kind. What was thought is signed.
REPLIES: Final = st.builds(
    _reply,
    thought=st.none() | st.text(_CHARACTERS, min_size=1, max_size=12),
    calls=_SOUND | _MIXED,
    content=st.none() | _ANYTHING,
    refusal=_REFUSALS,
    finish_reason=_FINISHES,
    stream=_STYLES,
)

_FAILURES: Final = st.sampled_from([each for each in Outcome if each is not Outcome.SUCCEEDED])
#: What calls may come to.
OUTCOMES: Final = st.builds(
    CallOutcome, outcome=st.just(Outcome.SUCCEEDED), content=TEXTS | st.just("\u2028" * 3000), truncated=st.booleans()
) | st.builds(CallOutcome.of_error, _FAILURES, st.just("odd"), TEXTS)


def _text_part(text: str) -> JsonValue:
    return {"type": "text", "text": text}


_ODD_IDS: Final = ("call_1", "functions.lookup:0", "a b", "x" * 41, "x" * 64)
_POSTED_IDS: Final = st.sampled_from(_ODD_IDS) | st.text(_CHARACTERS, min_size=1, max_size=4)
_POSTED_NAMES: Final = st.sampled_from([*RUNNING, "old", "1st", "-", "x" * 64])
_POSTED_ARGUMENTS: Final = _OBJECTS.map(json.dumps) | st.sampled_from(["", "null", "[]", '{"a"', '{"a":1}{"b":2}'])
_TEXT_PARTS: Final = st.lists(st.builds(_text_part, TEXTS), min_size=1, max_size=2)
_IMAGE: Final[JsonValue] = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD", "detail": "low"}}
_SPOKEN: Final[st.SearchStrategy[JsonValue]] = TEXTS | _TEXT_PARTS


@st.composite
def _exchanges(draw: st.DrawFn) -> list[dict[str, JsonValue]]:
    """An assistant's message, with the answers to its calls in any order."""
    said: dict[str, JsonValue] = {"role": "assistant", "content": draw(_SPOKEN | st.none())}
    ids = draw(st.lists(_POSTED_IDS, unique=True, max_size=3))
    if draw(st.booleans()):
        said["reasoning_content"] = draw(TEXTS)
    if said["content"] is None and not ids:
        said["refusal"] = "No."
    if ids:
        said["tool_calls"] = [_posted_call(draw(_POSTED_NAMES), each, draw(_POSTED_ARGUMENTS)) for each in ids]
    answers: list[dict[str, JsonValue]] = [{"role": "tool", "tool_call_id": each, "content": draw(_SPOKEN)} for each in ids]
    return [said, *draw(st.permutations(answers))]


def _posted_call(name: str, identity: str, arguments: str) -> JsonValue:
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}, "index": 0}


def _message(role: str, content: JsonValue) -> list[dict[str, JsonValue]]:
    return [{"role": role, "content": content}]


_ANY_MESSAGES: Final = (
    st.builds(_message, st.sampled_from(["system", "developer"]), _SPOKEN)
    | st.builds(_message, st.just("user"), _SPOKEN | st.just([_IMAGE]))
    | _exchanges()
    | _exchanges()
)


def _ending_with_the_user(parts: list[list[dict[str, JsonValue]]]) -> tuple[dict[str, JsonValue], ...]:
    return (*(message for part in parts for message in part), {"role": "user", "content": "Go on."})


#: Legal conversations that wait for the model.
POSTED: Final = st.lists(_ANY_MESSAGES, max_size=4).map(_ending_with_the_user)
