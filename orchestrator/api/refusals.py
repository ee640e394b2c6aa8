"""What the door refuses before any service is asked.

Refusal                     (orchestrator.errors)
 |- InvalidKey              400  the header Idempotency-Key is not a key
 |- InvalidBody             400  the body is not one JSON object in UTF-8
 |- BodyTooSlow             408  the body did not arrive in time
 |- BodyTooLarge            413  the body has too many bytes
 |- UnsupportedMediaType    415  the body is not application/json
 |- InvalidRequest          422  fields have errors
"""

from collections.abc import Sequence

from orchestrator.errors import Refusal
from orchestrator.schemas.problem import FieldError


class InvalidKey(Refusal):
    """Send one Idempotency-Key of 1 to 255 visible ASCII characters, or none."""

    status = 400
    code = "invalid_idempotency_key"


class InvalidBody(Refusal):
    """The body is not a JSON object in UTF-8."""

    status = 400
    code = "invalid_json"


class BodyTooSlow(Refusal):
    """The body did not arrive in time."""

    status = 408
    code = "body_too_slow"


class BodyTooLarge(Refusal):
    """The body has too many bytes."""

    status = 413
    code = "body_too_large"


class UnsupportedMediaType(Refusal):
    """Send JSON with the header Content-Type: application/json, and without Content-Encoding."""

    status = 415
    code = "unsupported_media_type"


class InvalidRequest(Refusal):
    """The request has errors."""

    status = 422
    code = "invalid_request"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        fields = ", ".join(dict.fromkeys(error.field or "the body" for error in errors))
        super().__init__(f"The request has errors in {fields}.")
