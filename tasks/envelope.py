"""What may be taken from a queue: a message of Celery's protocol 2 as its publishers write it. Pure.

Celery trusts what it reads. An element that is not such a message ends a worker, or makes it connect again for ever with
the element put back each time. So the whole of it is checked, with Kombu's own reader, before Celery sees any.
"""

import time
from base64 import b64decode
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from kombu.utils.json import loads
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

#: A doorbell has about two thousand bytes, since it carries names only.
_LARGEST: Final = 256 * 1024
#: Of either kind, which bounds the depth too: what can just be read may not be written again. A doorbell has about twenty.
_MOST_BRACKETS: Final = 200
#: No attempt waits longer than six hours; the clocks of two hosts may differ.
_LATEST_S: Final = 24 * 3600.0


def _in_time(text: str) -> str:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 0 < at.timestamp() < time.time() + _LATEST_S:
        raise ValueError("no zone, or too far away")
    return text


_Name = Annotated[str, Field(min_length=1, max_length=512)]
_Time = Annotated[str, AfterValidator(_in_time)]
#: Finite, and not more than a timer can take.
_Limit = Annotated[float, Field(gt=0, lt=1e9)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Headers(_Part):
    id: _Name
    task: _Name
    timelimit: Annotated[list[_Limit | None], Field(min_length=2, max_length=2)] | None = None
    eta: _Time | None = None
    expires: _Time | None = None
    retries: int | None = None
    root_id: str | None = None
    parent_id: str | None = None
    group: str | None = None
    group_index: int | None = None
    shadow: str | None = None
    argsrepr: str | None = None
    kwargsrepr: str | None = None
    origin: str | None = None
    ignore_result: bool | None = None
    replaced_task_nesting: int | None = None
    stamped_headers: list[str] | None = None
    stamps: dict[str, Any] | None = None
    #: A few bytes may unpack to more than there is memory, and no publisher of ours packs.
    compression: None = None


class _Delivery(_Part):
    exchange: str
    routing_key: str


class _Properties(_Part):
    delivery_tag: _Name
    delivery_info: _Delivery
    body_encoding: Literal["base64"]
    priority: int | None = None
    reply_to: str | None = None
    correlation_id: str | None = None


class _Envelope(_Part):
    body: str
    content_type: Literal["application/json"] = Field(alias="content-type")
    content_encoding: Literal["utf-8"] = Field(alias="content-encoding")
    headers: _Headers
    properties: _Properties


class _Embed(_Part):
    callbacks: list[Any] | None = None
    errbacks: list[Any] | None = None
    chain: list[Any] | None = None
    chord: dict[str, Any] | None = None


_BODY: Final = TypeAdapter[tuple[list[Any], dict[str, Any], _Embed]](tuple[list[Any], dict[str, Any], _Embed])


def fault_of(element: bytes) -> str | None:
    """Why a queue's element is not a message that Celery can take, in a word that holds nothing of its content; None when
    it is one."""
    if _is_large(element):
        return "too_large"
    try:
        envelope = _Envelope.model_validate(loads(element))
    except ValidationError as error:
        return _place(error)
    except Exception:  # noqa: BLE001 - whatever Kombu raises when it reads this, it would raise again
        return "not_json"
    return _fault_of_body(envelope.body)


def _fault_of_body(text: str) -> str | None:
    try:
        body = b64decode(text, validate=True)
        if _is_large(body):
            return "body.too_large"
        _BODY.validate_python(loads(body))
    except ValidationError:
        return "body"
    except Exception:  # noqa: BLE001 - as above
        return "body.not_json"
    return None


def _is_large(text: bytes) -> bool:
    return len(text) > _LARGEST or text.count(b"[") + text.count(b"{") > _MOST_BRACKETS


def _place(error: ValidationError) -> str:
    """The first field at fault: its name is ours, and no part of the content."""
    return ".".join(map(str, error.errors(include_input=False, include_url=False)[0]["loc"])) or "not_an_object"
