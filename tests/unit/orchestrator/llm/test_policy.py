"""A request made to fit what its model can do."""

from typing import Any

import pytest

from orchestrator.llm import policy
from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.model import ModelRequest, NamedTool, ResponseFormat, Sampling, ToolOffer
from orchestrator.messages import AssistantMessage, Call, ToolMessage, UserMessage

ABLE = Capabilities(parallel_flag="parallel_tool_calls", strict=True, strict_with_parallel=True)
STRICT = ToolOffer(name="x", description="", parameters={"type": "object"}, strict_parameters={"type": "object", "required": []})
LOOSE = STRICT.model_copy(update={"strict_parameters": None})
FORM = ResponseFormat(name="city", answer_schema={"type": "object"}, strict_schema={"type": "object"})


def fitted(capabilities: Capabilities = ABLE, **fields: Any) -> tuple[ModelRequest, list[str]]:
    """The request with these fields as it can be sent, and the codes of the warnings."""
    request = ModelRequest(model="m", messages=(UserMessage(content="Hi"),), timeout_s=5).model_copy(update=fields)
    changed, warnings = policy.fit(request, capabilities)
    return changed, [warning.code for warning in warnings]


def test_what_fits_is_left_alone() -> None:
    """All of it."""
    fields: dict[str, Any] = {"tools": (STRICT,), "tool_choice": "required", "parallel_tool_calls": True, "sampling": Sampling(seed=7)}
    request, warnings = fitted(**fields, response_format=FORM)
    assert ({name: getattr(request, name) for name in fields}, request.response_format, warnings) == (fields, FORM, [])


def test_settings_of_tools_are_not_sent_without_tools() -> None:
    """Providers refuse them then (Upsonic#323)."""
    request, warnings = fitted(tool_choice="auto", parallel_tool_calls=False)
    assert (request.tool_choice, request.parallel_tool_calls, warnings) == (None, None, [])


@pytest.mark.parametrize("flag", [True, False])
def test_a_flag_that_the_model_refuses_is_left_out(flag: bool) -> None:  # noqa: FBT001 - the flag.
    """Reasoning models refuse even its default (langchain#29704)."""
    request, warnings = fitted(ABLE.changed(parallel_flag=None), tools=(LOOSE,), parallel_tool_calls=flag)
    assert (request.parallel_tool_calls, warnings) == (None, ["parallel_flag_ignored"])


@pytest.mark.parametrize(
    ("changes", "flag", "strict", "warned"),
    [
        pytest.param({}, None, True, [], id="both-hold"),
        pytest.param({"strict_with_parallel": False}, None, False, ["strict_off"], id="azure"),
        pytest.param({"strict_with_parallel": False}, True, False, ["strict_off"], id="azure-parallel-wanted"),
        pytest.param({"strict_with_parallel": False}, False, True, [], id="azure-one-at-a-time"),
        pytest.param({"strict": False, "strict_with_parallel": False}, None, False, [], id="never-strict"),
        pytest.param({"strict": False, "strict_with_parallel": False}, False, False, [], id="never-strict-one-at-a-time"),
    ],
)
def test_several_calls_win_over_strict_ones(changes: dict[str, Any], flag: bool | None, strict: bool, warned: list[str]) -> None:  # noqa: FBT001 - a table.
    """Unless the caller asked for one at a time: arguments are checked here anyway."""
    request, warnings = fitted(ABLE.changed(**changes), tools=(STRICT, LOOSE), parallel_tool_calls=flag)
    assert (request.tools[0].strict_parameters is not None, request.parallel_tool_calls, warnings) == (strict, flag, warned)


def test_options_that_the_model_does_not_take_are_left_out() -> None:
    """One warning names them all."""
    capabilities = ABLE.changed(sampling=frozenset({"temperature"}))
    request, warnings = fitted(capabilities, sampling=Sampling(temperature=0.5, seed=7, stop=("x",)))
    assert (request.sampling, warnings) == (Sampling(temperature=0.5), ["option_ignored"])


@pytest.mark.parametrize("choice", ["required", NamedTool(name="x")])
def test_a_call_that_cannot_be_required_is_left_to_the_model(choice: Any) -> None:
    """With a warning."""
    request, warnings = fitted(ABLE.changed(forced_choice=False), tools=(LOOSE,), tool_choice=choice)
    assert (request.tool_choice, warnings) == ("auto", ["choice_not_forced"])


@pytest.mark.parametrize("choice", [None, "auto", "none"])
def test_other_choices_stay(choice: Any) -> None:
    """They force nothing."""
    request, warnings = fitted(ABLE.changed(forced_choice=False), tools=(LOOSE,), tool_choice=choice)
    assert (request.tool_choice, warnings) == (choice, [])


@pytest.mark.parametrize(
    ("changes", "tools", "is_native"),
    [
        pytest.param({}, (LOOSE,), True, id="native"),
        pytest.param({"response_format_with_tools": False}, (), True, id="native-without-tools"),
        pytest.param({"response_format_with_tools": False}, (LOOSE,), False, id="not-beside-tools"),
        pytest.param({"response_format": "tool"}, (), False, id="never"),
    ],
)
def test_the_form_of_an_answer_is_the_providers_or_a_tools(changes: dict[str, Any], tools: tuple[ToolOffer, ...], is_native: bool) -> None:  # noqa: FBT001 - a table.
    """The tool takes the answer as its arguments."""
    request, _ = fitted(ABLE.changed(**changes), tools=tools, response_format=FORM)
    added = [tool.name for tool in request.tools[len(tools) :]]
    assert (request.response_format, added) == ((FORM, []) if is_native else (None, ["final_answer"]))


def test_a_conversation_with_calls_may_need_tools() -> None:
    """OpenRouter wants them in every request; they are not to be called."""
    calls = (Call(id="a", name="x", arguments="{}"), Call(id="b", name="x", arguments="{}"))
    answers = tuple(ToolMessage(tool_call_id=call.id, content="1") for call in calls)
    messages = (UserMessage(content="Hi"), AssistantMessage(calls=calls), *answers)
    request, _ = fitted(ABLE.changed(tools_with_calls=True), messages=messages)
    assert ([tool.name for tool in request.tools], request.tool_choice) == (["x"], "none")
    assert fitted(messages=messages)[0].tools == ()
