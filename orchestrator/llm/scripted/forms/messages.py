"""A request to Anthropic's Messages."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from orchestrator.llm.scripted.forms import neutral
from orchestrator.llm.scripted.request import ChatMessage, ChatRequest, ContentPart, Received
from orchestrator.llm.scripted.script import Script


class Block(Received):
    """Any content block: what a kind of block has no use for is left out."""

    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: Mapping[str, JsonValue] | None = None
    tool_use_id: str | None = None
    content: str | tuple[ContentPart, ...] | None = None

    @property
    def result(self) -> str:
        """The text of a tool_result."""
        return "".join(part.text or "" for part in self.content) if isinstance(self.content, tuple) else self.content or ""


class Message(Received):
    """One message; a text is short for one text block."""

    role: Literal["user", "assistant", "system"]
    content: str | tuple[Block, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        return (Block(type="text", text=self.content),) if isinstance(self.content, str) else self.content

    def of(self, kind: str) -> list[Block]:
        """The blocks of this type."""
        return [block for block in self.blocks if block.type == kind]


class Tool(Received):
    """A tool that is offered. One that Anthropic runs itself has a type and no schema."""

    name: str
    type: str = "custom"
    description: str | None = None
    input_schema: Mapping[str, JsonValue] | None = None


class ToolChoice(Received):
    """How tools may be called."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(Received):
    """Whether the model thinks first."""

    type: str
    budget_tokens: int | None = None


class MessagesRequest(Received):
    """The body of POST /v1/messages, and `script`, a field of our own. Bedrock and Vertex AI name the model in the path."""

    model: str = ""
    max_tokens: int = Field(ge=1)
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    system: str | tuple[Block, ...] = ""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    thinking: Thinking | None = None
    stream: bool = False
    script: Script | None = None

    def chat(self) -> ChatRequest:
        """The same request in the scripted model's own form."""
        tools = neutral.offered((neutral.tool(each.name, each.description, each.input_schema) for each in self.tools), None)
        choice = self.tool_choice
        one_at_a_time = choice.disable_parallel_tool_use if choice else None
        return ChatRequest(
            model=self.model,
            messages=(*self._system(), *(each for message in self.messages for each in _messages(message))),
            tools=tools,
            tool_choice=_choice(choice) if choice and tools else None,
            parallel_tool_calls=None if one_at_a_time is None else not one_at_a_time,
            stream=self.stream,
            script=self.script,
        )

    def _system(self) -> Iterator[ChatMessage]:
        text = self.system if isinstance(self.system, str) else "".join(block.text or "" for block in self.system)
        if text:
            yield ChatMessage(role="system", content=text)


def _choice(choice: ToolChoice) -> Literal["none", "auto", "required"] | neutral.NamedChoice:
    if choice.type == "tool":
        return neutral.chosen(choice.name or "")
    return "required" if choice.type == "any" else choice.type


def _messages(message: Message) -> Iterator[ChatMessage]:
    """The results of a user's message are tool messages; what else it says follows them."""
    for block in message.of("tool_result"):
        yield ChatMessage(role="tool", tool_call_id=block.tool_use_id, content=block.result)
    calls = tuple(neutral.call(block.id or "", block.name or "", json.dumps(block.input)) for block in message.of("tool_use"))
    text = "".join(block.text or "" for block in message.of("text"))
    if text or calls or not message.of("tool_result"):
        yield ChatMessage(role=message.role, content=text, tool_calls=calls or None)
