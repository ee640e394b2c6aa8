"""Messages in our own form: what a conversation holds, whichever provider said it and whichever reads it next."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Value(BaseModel):
    """Base of frozen values."""

    model_config = ConfigDict(frozen=True)


class Text(Value):
    """Text in a message's content."""

    text: str


class Image(Value):
    """An image, by an https: or data: URL."""

    url: str
    detail: str | None = None


Part = Text | Image
Content = str | tuple[Part, ...]


class Instructions(Value):
    """What the model is told before all else."""

    role: Literal["system", "developer"] = "system"
    content: Content
    name: str | None = None


class UserMessage(Value):
    """What the user says."""

    content: Content
    name: str | None = None


class Call(Value):
    """A tool call in the form that every provider takes back: `id` is unique in the conversation and never empty, `name` could
    be a tool's, `arguments` is the text of a JSON object."""

    id: str
    name: str
    arguments: str
    extra: Mapping[str, JsonValue] = Field(default_factory=dict[str, JsonValue], description="Fields of a provider's own, as posted.")


class RawTurn(Value):
    """An assistant turn as its provider wrote it, where our form cannot say it all: thinking and its signatures, reasoning
    items. It goes back unmodified to the provider that wrote it, and to no other."""

    provider: str = Field(description="The name of the provider's record.")
    data: JsonValue = Field(description="In the form of the provider's wire.")


class AssistantMessage(Value):
    """What the model says and calls."""

    content: str | None = None
    refusal: str | None = None
    name: str | None = None
    calls: tuple[Call, ...] = ()
    extra: Mapping[str, JsonValue] = Field(default_factory=dict[str, JsonValue], description="Fields of a provider's own, as posted.")
    raw: RawTurn | None = None

    def raw_of(self, provider: str) -> JsonValue:
        """The turn as this provider wrote it, or None."""
        return self.raw.data if self.raw is not None and self.raw.provider == provider else None


class ToolMessage(Value):
    """The answer to one call."""

    tool_call_id: str
    name: str = Field(default="", description="Of the tool that was called.")
    content: Content
    is_error: bool = False


Message = Instructions | UserMessage | AssistantMessage | ToolMessage


def text_of(content: Content | None) -> str:
    """The text of a content, without its images."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.text for part in content if isinstance(part, Text))
