"""Secrets as they may be shown."""

from typing import Final
from urllib.parse import urlsplit

_MASK: Final = "********"


def masked(secret: str) -> str:
    """A URL without its password and options, anything else not at all."""
    try:
        url = urlsplit(secret)
        host = f"{url.hostname or ''}{f':{url.port}' if url.port else ''}"
    except ValueError:
        return _MASK
    if not url.scheme or not url.netloc:
        return _MASK
    user = f"{url.username or ''}:{_MASK}@" if url.password else f"{url.username}@" if url.username else ""
    return f"{url.scheme}://{user}{host}{url.path}"
