"""Messages in OpenAI's chat form, as a caller posts them."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, Tag
from pydantic_core import PydanticCustomError

from orchestrator.schemas.base import LIST, TEXT, Posted, by_kind, by_word
from tasks.names import TOOL_NAME

_IMAGE_SCHEMES: Final = ("https://", "data:image/")
_CONTENT: Final = "Content is a string or a list of parts."


def _image_url(url: str) -> str:
    if not url.startswith(_IMAGE_SCHEMES):
        raise PydanticCustomError("image_url", "An image is given as an https:// or data:image/ URL.")
    return url


class TextPart(Posted):
    """Text in a message's content."""

    type: Literal["text"]
    text: str


class ImageUrl(Posted):
    """An image for the provider to fetch, or the image itself. We never fetch it."""

    url: Annotated[str, AfterValidator(_image_url)] = Field(examples=["https://example.com/map.png"])
    detail: Literal["auto", "low", "high", "original"] | None = None


class ImagePart(Posted):
    """An image in a user's message."""

    type: Literal["image_url"]
    image_url: ImageUrl


class RefusalPart(Posted):
    """What the model said instead of an answer."""

    type: Literal["refusal"]
    refusal: str


_UserPart = Annotated[
    Annotated[TextPart, Tag("<text>")] | Annotated[ImagePart, Tag("<image_url>")],
    by_word("type", "text", "image_url"),
]
_AssistantPart = Annotated[
    Annotated[TextPart, Tag("<text>")] | Annotated[RefusalPart, Tag("<refusal>")],
    by_word("type", "text", "refusal"),
]
_Text = Annotated[str, Tag(TEXT)]
_TextContent = Annotated[_Text | Annotated[list[TextPart], Field(min_length=1), Tag(LIST)], by_kind(_CONTENT)]
_UserContent = Annotated[_Text | Annotated[list[_UserPart], Field(min_length=1), Tag(LIST)], by_kind(_CONTENT)]
_AssistantContent = Annotated[_Text | Annotated[list[_AssistantPart], Field(min_length=1), Tag(LIST)], by_kind(_CONTENT)]

#: As OpenAI limits it; tells participants of the same role apart.
_Name = Annotated[str, Field(pattern=r"^[^\s<|\\/>]{1,64}$")]


class SystemMessage(Posted):
    """Instructions; `developer` is the newer word."""

    role: Literal["system", "developer"]
    content: _TextContent
    name: _Name | None = None


class UserMessage(Posted):
    """What the user says."""

    role: Literal["user"]
    content: _UserContent
    name: _Name | None = None


class FunctionCall(Posted):
    """The function of an earlier tool call."""

    name: str = Field(pattern=TOOL_NAME.pattern)
    arguments: str = Field(description="JSON text, as the model wrote it.")


class MessageToolCall(Posted):
    """A tool call of an earlier assistant message. What else the provider sent is kept and sent back to it."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(min_length=1)
    type: Literal["function"]
    function: FunctionCall


class AssistantMessage(Posted):
    """An earlier answer of the model. Fields of the provider's own, such as `reasoning_content`, are kept and sent back
    to it, because some providers refuse a history without them."""

    model_config = ConfigDict(extra="allow")

    role: Literal["assistant"]
    content: _AssistantContent | None = None
    refusal: str | None = None
    name: _Name | None = None
    tool_calls: list[MessageToolCall] = Field(default=[], description="Each needs its tool message right after this one.")


class ToolMessage(Posted):
    """The answer to one tool call of the assistant message before it."""

    role: Literal["tool"]
    tool_call_id: str = Field(min_length=1)
    content: _TextContent


Message = Annotated[
    Annotated[SystemMessage, Tag("<system>")]
    | Annotated[SystemMessage, Tag("<developer>")]
    | Annotated[UserMessage, Tag("<user>")]
    | Annotated[AssistantMessage, Tag("<assistant>")]
    | Annotated[ToolMessage, Tag("<tool>")],
    by_word("role", "system", "developer", "user", "assistant", "tool"),
]
