"""Signatures of what the model thought: derived from what they sign, so that the server knows its own without keeping any."""

import base64
import hashlib
import json
from typing import Final

from pydantic import JsonValue

_MARK: Final = b"scripted:"
_PREFIX: Final = base64.b64encode(_MARK).decode()
_STANDARD: Final = str.maketrans("-_", "+/")


def signature(*signed: JsonValue) -> str:
    """The signature of these values, in base64."""
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"))
    return base64.b64encode(_MARK + hashlib.blake2b(text.encode(), digest_size=24).digest()).decode()


def is_ours(given: str) -> bool:
    """The scripted model gave it. SDKs rewrite base64 in its alphabet for URLs."""
    return standard(given).startswith(_PREFIX)


def signs(given: str, *signed: JsonValue) -> bool:
    """The scripted model gave it for these values."""
    return standard(given) == signature(*signed)


def standard(text: str) -> str:
    """Base64 in its standard alphabet."""
    return text.translate(_STANDARD)
