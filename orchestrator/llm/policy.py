"""A request made to fit what its model can do. What is changed is told, never done in silence."""

from collections.abc import Callable

from orchestrator.llm import final_answer
from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.model import ModelRequest, ModelWarning, Sampling, ToolOffer
from orchestrator.messages import AssistantMessage

_Fitted = tuple[ModelRequest, tuple[ModelWarning, ...]]


def fit(request: ModelRequest, capabilities: Capabilities) -> _Fitted:
    """The request as it can be sent, and what was changed in it."""
    warnings: tuple[ModelWarning, ...] = ()
    for rule in _RULES:
        request, more = rule(request, capabilities)
        warnings += more
    return request, warnings


def _sampling(request: ModelRequest, capabilities: Capabilities) -> _Fitted:
    """What the model does not take is left out: with it, the provider would refuse the whole request."""
    given = request.sampling.model_dump(exclude_defaults=True)
    unknown = sorted(given.keys() - capabilities.sampling)
    if not unknown:
        return request, ()
    left = Sampling(**{name: value for name, value in given.items() if name in capabilities.sampling})
    return request.model_copy(update={"sampling": left}), (
        _warning("option_ignored", f"Left out, because this model does not take it: {', '.join(unknown)}."),
    )


def _form(request: ModelRequest, capabilities: Capabilities) -> _Fitted:
    """Where the provider has no means for the form of the answer, or none beside tools, a tool takes the answer."""
    form = request.response_format
    is_native = capabilities.response_format == "native" and (not request.tools or capabilities.response_format_with_tools)
    return (request, ()) if form is None or is_native else (final_answer.asked(request, form), ())


def _choice(request: ModelRequest, capabilities: Capabilities) -> _Fitted:
    """A call that cannot be required is left to the model."""
    if not request.tools:  # Providers refuse the choice in a request without tools.
        return request.model_copy(update={"tool_choice": None}), ()
    if request.tool_choice in {None, "auto", "none"} or capabilities.forced_choice:
        return request, ()
    return request.model_copy(update={"tool_choice": "auto"}), (_warning("choice_not_forced", "This model cannot be made to call a tool."),)


def _parallel(request: ModelRequest, capabilities: Capabilities) -> _Fitted:
    """The flag is sent only when it was set: some models refuse even its default, and all refuse it without tools."""
    if request.parallel_tool_calls is None:
        return request, ()
    if not request.tools:
        return request.model_copy(update={"parallel_tool_calls": None}), ()
    if capabilities.parallel_flag is not None:
        return request, ()
    return request.model_copy(update={"parallel_tool_calls": None}), (
        _warning("parallel_flag_ignored", "parallel_tool_calls was left out: this model does not take it."),
    )


def _strict(request: ModelRequest, capabilities: Capabilities) -> _Fitted:
    """Where strict arguments and several calls in one answer exclude each other, several calls win, unless the caller
    himself asked for one at a time: they are what a run is for, and all arguments are checked here anyway."""
    if all(offer.strict_parameters is None for offer in request.tools):
        return request, ()
    if capabilities.strict and (capabilities.strict_with_parallel or request.parallel_tool_calls is False):
        return request, ()
    loose = tuple(offer.model_copy(update={"strict_parameters": None}) for offer in request.tools)
    warning = _warning("strict_off", "Tools are offered without strict arguments: this model does not keep them in parallel calls.")
    return request.model_copy(update={"tools": loose}), (warning,) if capabilities.strict else ()


def _called(request: ModelRequest, capabilities: Capabilities) -> _Fitted:
    """The tools that were called before, not to be called again, where a conversation with calls must come with tools."""
    turns = [message for message in request.messages if isinstance(message, AssistantMessage)]
    names = dict.fromkeys(call.name for turn in turns for call in turn.calls)
    if request.tools or not names or not capabilities.tools_with_calls:
        return request, ()
    offers = tuple(ToolOffer(name=name, description="", parameters={"type": "object"}) for name in names)
    return request.model_copy(update={"tools": offers, "tool_choice": "none"}), ()


#: In this order: the first rules may add tools.
_RULES: tuple[Callable[[ModelRequest, Capabilities], _Fitted], ...] = (_called, _sampling, _form, _choice, _parallel, _strict)


def _warning(code: str, message: str) -> ModelWarning:
    return ModelWarning(code=code, message=message)
