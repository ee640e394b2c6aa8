"""What the orchestrator refuses, each with the HTTP status that says so.

Refusal
 |- NotFound            404  no such run
 |- Unacceptable        422  a field's value cannot be served
 |- Unavailable         503  Postgres or the pool of connections is away; try again
"""

from collections.abc import Sequence
from typing import ClassVar


class Refusal(Exception):
    """The request was refused."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "refused"
    #: Whole seconds after which the same request may be served; one is drawn, so that not all callers come back at once.
    retry_after_s: ClassVar[Sequence[int]] = ()

    def __init__(self, message: str | None = None, field: str | None = None) -> None:
        self.message = message or type(self).__doc__ or self.code
        self.field = field
        super().__init__(self.message)


class NotFound(Refusal):
    """There is no such run."""

    status = 404
    code = "not_found"


class Unacceptable(Refusal):
    """A field's value cannot be served."""

    status = 422
    code = "unacceptable"


class Unavailable(Refusal):
    """The service cannot answer now. Try again after the time that Retry-After names."""

    status = 503
    code = "unavailable"
    retry_after_s = (2,)
