"""A request to OpenAI's Responses."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from orchestrator.llm.scripted.forms import neutral
from orchestrator.llm.scripted.request import ChatMessage, ChatRequest, ContentPart, NamedChoice, Received
from orchestrator.llm.scripted.script import Script


class Item(Received):
    """Any item of the input: what a kind of item has no use for is left out. A message may leave out its type."""

    type: str = "message"
    id: str | None = None
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: str | tuple[ContentPart, ...] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | tuple[ContentPart, ...] | None = None
    encrypted_content: str | None = None
    is_async: bool = Field(default=False, alias="async")

    @property
    def is_from_model(self) -> bool:
        """The model said it in the turn that it is part of."""
        return self.role == "assistant" if self.type == "message" else self.type in {"function_call", "reasoning"}

    @property
    def text(self) -> str:
        said = self.output if self.type == "function_call_output" else self.content
        return "".join(part.text or "" for part in said) if isinstance(said, tuple) else said or ""


class FunctionTool(Received):
    """A tool that is offered, or another thing of which only the type counts."""

    type: str
    name: str = ""
    description: str | None = None
    parameters: Mapping[str, JsonValue] | None = None


class NamedTool(Received):
    """A tool that is chosen, or several of which one may be called."""

    type: str
    name: str | None = None
    mode: Literal["auto", "required"] | None = None
    tools: tuple["NamedTool", ...] = ()


class ResponsesRequest(Received):
    """The body of POST /v1/responses, and `script`, a field of our own."""

    model: str = Field(min_length=1)
    input: Annotated[tuple[Item, ...], Field(min_length=1)] | str
    instructions: str | None = None
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    previous_response_id: str | None = None
    stream: bool | None = None
    script: Script | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        return (Item(role="user", content=self.input),) if isinstance(self.input, str) else self.input

    @property
    def functions(self) -> tuple[FunctionTool, ...]:
        return tuple(tool for tool in self.tools if tool.type == "function")

    def chat(self) -> ChatRequest:
        """The same request in the scripted model's own form."""
        choice = self.tool_choice
        allowed = [tool.name or "" for tool in choice.tools] if isinstance(choice, NamedTool) and choice.type == "allowed_tools" else None
        tools = neutral.offered((neutral.tool(each.name, each.description, each.parameters) for each in self.functions), allowed)
        return ChatRequest(
            model=self.model,
            messages=_messages(self),
            tools=tools,
            tool_choice=_choice(choice) if tools else None,
            parallel_tool_calls=self.parallel_tool_calls,
            stream=self.stream,
            script=self.script,
        )


def _choice(choice: Literal["none", "auto", "required"] | NamedTool | None) -> Literal["none", "auto", "required"] | NamedChoice | None:
    if not isinstance(choice, NamedTool):
        return choice
    return neutral.chosen(choice.name) if choice.type == "function" and choice.name is not None else choice.mode


def _messages(request: ResponsesRequest) -> tuple[ChatMessage, ...]:
    """Items that follow each other and came from the model are one assistant message."""
    found = [ChatMessage(role="system", content=request.instructions)] if request.instructions else []
    for from_model, group in groupby(request.items, key=lambda item: item.is_from_model):
        items = tuple(group)
        found += [_assistant(items)] if from_model else [message for item in items for message in _message(item)]
    return tuple(found)


def _assistant(items: tuple[Item, ...]) -> ChatMessage:
    called = [item for item in items if item.type == "function_call"]
    calls = tuple(neutral.call(item.call_id or "", item.name or "", item.arguments or "") for item in called)
    return ChatMessage(role="assistant", content="".join(item.text for item in items if item.type == "message"), tool_calls=calls or None)


def _message(item: Item) -> Iterator[ChatMessage]:
    if item.type == "function_call_output":
        yield ChatMessage(role="tool", tool_call_id=item.call_id, content=item.text)
    elif item.type == "message" and item.role is not None:
        yield ChatMessage(role=item.role, content=item.text)
