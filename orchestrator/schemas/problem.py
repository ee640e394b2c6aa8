"""Refusals as RFC 9457 describes them."""

from pydantic import Field

from orchestrator.schemas.base import Shown


class FieldError(Shown):
    """A field that was refused."""

    field: str = Field(description="The field's place in the request.", examples=["messages.3.tool_call_id"])
    message: str = Field(examples=["Field required"])


class Problem(Shown):
    """An answer of media type application/problem+json (RFC 9457)."""

    type: str = Field(default="about:blank", description="Always about:blank; `code` tells problems apart.")
    title: str = Field(description="The status in words.", examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(description="What is wrong, and what to do.", examples=["The request has an error in messages."])
    instance: str = Field(description="The path of the request.", examples=["/v1/runs"])
    code: str = Field(description="A stable word for programs.", examples=["invalid_request"])
    request_id: str = Field(description="The answer's X-Request-Id, for who asks the operator.")
    errors: list[FieldError] = Field(default=[], description="The fields that were refused, at most 20.")
