"""What the door refuses before any service is asked.

Refusal                     (orchestrator.errors)
 |- InvalidKey              400  the header Idempotency-Key is not a key
 |- InvalidBody             400  the body is not one JSON object in UTF-8
 |- BodyTooSlow             408  the body did not arrive in time
 |- BodyTooLarge            413  the body has too many bytes
 |- UnsupportedMediaType    415  the body is not application/json
 |- InvalidRequest          422  fields have errors
 |- TooManyRuns             429  as many runs are queued or running as are taken
 |- Busy                    503  this process starts as many runs as it can
 |- TooManyStreams          503  this process streams events to as many readers as it can
 |- Overloaded              503  queued runs wait too long for their start
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


class TooManyRuns(Refusal):
    """There are as many queued or running runs as this service takes. Nothing was created."""

    status = 429
    code = "too_many_runs"
    # A queue that is full stays so for seconds, since it is refilled as it drains.
    retry_after_s = range(5, 11)


class Busy(Refusal):
    """The process starts as many runs as it can. Nothing was created."""

    status = 503
    code = "busy"
    # Those that are being started are done within a second.
    retry_after_s = range(1, 4)


class TooManyStreams(Refusal):
    """The process streams events to as many readers as it can. Read them without a stream, or try again."""

    status = 503
    code = "too_many_streams"
    retry_after_s = range(5, 11)


class Overloaded(Refusal):
    """Runs wait too long for their start. Nothing was created."""

    status = 503
    code = "overloaded"
    # Coordinators are missing or far behind, which takes more than seconds to change.
    retry_after_s = range(15, 31)


class InvalidRequest(Refusal):
    """The request has errors."""

    status = 422
    code = "invalid_request"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        fields = ", ".join(dict.fromkeys(error.field or "the body" for error in errors))
        super().__init__(f"The request has errors in {fields}.")
