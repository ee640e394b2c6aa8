"""Successful answers: JSON of a schema, and nothing at all where the caller has it already."""

from collections.abc import Mapping
from hashlib import blake2b

from fastapi import Response
from pydantic import BaseModel


def answer(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The schema as JSON."""
    return Response(body.model_dump_json(), status, headers, "application/json")


def answer_once(body: BaseModel, if_none_match: str | None) -> Response:
    """The schema as JSON with a weak ETag, or 304 where the caller named that tag."""
    text = body.model_dump_json().encode()
    tag = f'"{blake2b(text, digest_size=16).hexdigest()}"'
    headers = {"ETag": f"W/{tag}"}
    if tag in _tags(if_none_match or "") or if_none_match == "*":
        return Response(status_code=304, headers=headers)
    return Response(text, 200, headers, "application/json")


def _tags(if_none_match: str) -> set[str]:
    """Compared weakly, so the mark of weakness does not count (RFC 9110, 8.8.3.2)."""
    return {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
