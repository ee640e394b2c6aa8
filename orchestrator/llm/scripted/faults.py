"""What may go wrong instead of an answer."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]*$")]


class Strict(BaseModel):
    """Base of a script's values: frozen, and a misspelt field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Failing(Strict):
    """Base of the faults."""

    times: int | None = Field(default=None, ge=1, description="How many attempts fail; null: all of them.")


class ErrorFault(Failing):
    """An error answer, in the form of the provider that is asked."""

    kind: Literal["error"] = "error"
    status: int = Field(default=500, ge=400, le=599)
    message: str = "The script answers this model call with an error."
    type: str | None = Field(default=None, description="Null: what the provider says with this status.")
    param: str | None = None
    code: str | None = None
    retry_after_s: float | None = Field(default=None, ge=0, description="Sent as the Retry-After header.")
    headers: Mapping[HeaderName, HeaderValue] = Field(default_factory=dict[str, str], description="Further headers.")
    after_events: int | None = Field(
        default=None, ge=0, description="In a stream: it begins with status 200 and so many events of the answer, and then the error comes."
    )


class RawFault(Failing):
    """A body that is sent as it stands: text as text, any other value as JSON."""

    kind: Literal["raw"] = "raw"
    body: JsonValue
    status: int = Field(default=200, ge=200, le=599)
    content_type: HeaderValue = "application/json"

    @field_validator("status")
    @classmethod
    def _status_has_a_body(cls, status: int) -> int:
        if status in {HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED}:
            raise ValueError(f"an answer with status {status} has no body")
        return status


class CloseFault(Failing):
    """A connection that breaks."""

    kind: Literal["close"] = "close"
    after_bytes: int = Field(default=0, ge=0, description="Bytes of the answer's body sent before; 0: not even a status line.")


Fault = Annotated[ErrorFault | RawFault | CloseFault, Field(discriminator="kind")]
