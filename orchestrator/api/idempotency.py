"""The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a request that may be sent twice."""

import re
from collections.abc import Sequence
from typing import Final

from orchestrator.api.refusals import InvalidKey

#: Visible ASCII. An empty key, or one that is cut off, would stand for everybody's requests.
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


def key(headers: Sequence[str]) -> str | None:
    """The one key that was sent, or None. Raises InvalidKey."""
    if not headers:
        return None
    if len(headers) > 1 or not _KEY.fullmatch(headers[0]):
        raise InvalidKey
    return headers[0]
