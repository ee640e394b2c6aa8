"""What a model call may raise.

ModelError
├── ModelUnavailable     the provider is busy, slow or out of reach: the same call may succeed later
├── ModelRefused         the provider will not take this call: someone must change something first
└── ModelProtocolError   the provider answered, but with nothing that can be used
"""


class ModelError(Exception):
    """A model call gave no usable reply.

    The message is safe to show to users: it holds no key, no prompt and no text of the provider, and says what to do.
    `code` is a stable word for programs, `retry_after_s` the provider's own wish, `request_id` its name for the call.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool,
        retry_after_s: float | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.status = status
        self.request_id = request_id
        #: The name of the provider's record, once it is known.
        self.provider: str | None = None
        #: The provider itself said whether to try again.
        self.is_told = False


class ModelUnavailable(ModelError):
    """The provider is busy, slow or out of reach."""


class ModelRefused(ModelError):
    """The provider will not take this call, however often it is made."""


class ModelProtocolError(ModelError):
    """The provider's answer cannot be used. Models are not deterministic: where `retryable`, one more try is worth it."""
