"""A request to Google's Gemini API or to Gemini on Vertex AI: their bodies are the same."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from orchestrator.llm.scripted.forms import neutral
from orchestrator.llm.scripted.parameters import fields
from orchestrator.llm.scripted.request import ChatMessage, ChatRequest
from orchestrator.llm.scripted.script import Script

#: Kinds of values by number, as one of Google's older clients writes them.
_KINDS = ("", "string", "number", "integer", "boolean", "array", "object", "null")


class GoogleValue(BaseModel):
    """Base of the values. Google reads names in camelCase and in snake_case."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class FunctionCall(GoogleValue):
    """A call; its id may be missing."""

    name: str
    args: Mapping[str, JsonValue] | None = None
    id: str | None = None


class FunctionResponse(GoogleValue):
    """The result of a call."""

    name: str
    response: Mapping[str, JsonValue]
    id: str | None = None

    @property
    def text(self) -> str:
        """What stands under `output` or `error`, or the whole object."""
        said = next((self.response[key] for key in ("output", "error", "result") if key in self.response), dict(self.response))
        return said if isinstance(said, str) else json.dumps(said)


class Part(GoogleValue):
    """A part of a content."""

    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None


class Content(GoogleValue):
    """One turn."""

    role: str | None = None
    parts: tuple[Part, ...] = ()

    @property
    def calls(self) -> list[FunctionCall]:
        return [part.function_call for part in self.parts if part.function_call]

    @property
    def responses(self) -> list[FunctionResponse]:
        return [part.function_response for part in self.parts if part.function_response]

    @property
    def text(self) -> str:
        return "".join(part.text or "" for part in self.parts if not part.thought)


class Declaration(GoogleValue):
    """A tool that is offered, with a schema of Google's or with JSON Schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, JsonValue] | None = None
    parameters_json_schema: Mapping[str, JsonValue] | None = None

    @property
    def schema_of_parameters(self) -> JsonValue:
        if self.parameters_json_schema is not None:
            return dict(self.parameters_json_schema)
        return _with_json_types(dict(self.parameters or {}))


class Tool(GoogleValue):
    """Tools that are offered, or one that Google runs itself."""

    function_declarations: tuple[Declaration, ...] = ()


class CallingConfig(GoogleValue):
    """How tools may be called."""

    mode: str | int | None = None
    allowed_function_names: tuple[str, ...] | None = None


class ToolConfig(GoogleValue):
    """Settings of the tools."""

    function_calling_config: CallingConfig = CallingConfig()


class GeminiRequest(GoogleValue):
    """The body of :generateContent and :streamGenerateContent, and `script`, a field of our own."""

    contents: Annotated[tuple[Content, ...], Field(min_length=1)]
    system_instruction: Content | None = None
    tools: tuple[Tool, ...] = ()
    tool_config: ToolConfig = ToolConfig()
    script: Script | None = None

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        return tuple(each for tool in self.tools for each in tool.function_declarations)

    @property
    def calling(self) -> CallingConfig:
        return self.tool_config.function_calling_config

    def chat(self, model: str, *, stream: bool) -> ChatRequest:
        """The same request in the scripted model's own form."""
        tools = (neutral.tool(each.name, each.description, fields(each.schema_of_parameters)) for each in self.declarations)
        offered = neutral.offered(tools, self.calling.allowed_function_names)
        mode = str(self.calling.mode or "AUTO").upper()
        system = self.system_instruction
        return ChatRequest(
            model=model,
            messages=(
                *([ChatMessage(role="system", content=system.text)] if system else []),
                *(message for at in range(len(self.contents)) for message in self._messages(at)),
            ),
            tools=offered,
            tool_choice=("required" if mode == "ANY" else "none" if mode == "NONE" else "auto") if offered else None,
            stream=stream,
            script=self.script,
        )

    def _messages(self, at: int) -> Iterator[ChatMessage]:
        """Calls without ids, and their results, are paired by their places."""
        content = self.contents[at]
        called = [(each.id or f"contents[{at}].{index}", each) for index, each in enumerate(content.calls)]
        calls = tuple(neutral.call(identity, each.name, json.dumps(dict(each.args or {}))) for identity, each in called)
        asked = [each.id or f"contents[{at - 1}].{index}" for index, each in enumerate(self.contents[at - 1].calls)] if at else []
        for identity, response in zip(asked, content.responses, strict=True):
            yield ChatMessage(role="tool", tool_call_id=identity, content=response.text)
        if content.role == "model":
            yield ChatMessage(role="assistant", content=content.text, tool_calls=calls or None)
        elif content.text or not content.responses:
            yield ChatMessage(role="user", content=content.text)


def _with_json_types(schema: JsonValue) -> JsonValue:
    """Google writes STRING, or its number, where JSON Schema writes string."""
    if isinstance(schema, list):
        return [_with_json_types(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _json_type(value) if key == "type" else _with_json_types(value) for key, value in schema.items()}


def _json_type(kind: JsonValue) -> JsonValue:
    if isinstance(kind, str):
        return kind.lower()
    if isinstance(kind, int) and 0 < kind < len(_KINDS):
        return _KINDS[kind]
    return _with_json_types(kind)
