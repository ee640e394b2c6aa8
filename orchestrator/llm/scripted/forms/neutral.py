"""The pieces of the scripted model's own form of a request, which is that of chat completions."""

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from orchestrator.llm.scripted.request import CalledFunction, ChatTool, Function, FunctionName, MessageCall, NamedChoice


def call(identity: str, name: str, arguments: str) -> MessageCall:
    """A call of an earlier turn."""
    return MessageCall(id=identity, type="function", function=CalledFunction(name=name, arguments=arguments))


def tool(name: str, description: str | None, parameters: Mapping[str, JsonValue] | None) -> ChatTool:
    """A tool that is offered."""
    return ChatTool(type="function", function=Function(name=name, description=description or "", parameters=parameters or {}))


def chosen(name: str) -> NamedChoice:
    """The choice of one tool."""
    return NamedChoice(type="function", function=FunctionName(name=name))


def offered(tools: Iterable[ChatTool], allowed: Iterable[str] | None) -> tuple[ChatTool, ...] | None:
    """The tools that may be called, or None where there are none."""
    names = None if allowed is None else set(allowed)
    return tuple(each for each in tools if names is None or each.function.name in names) or None
