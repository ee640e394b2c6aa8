"""What is taken from a queue, and what is put aside."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from kombu.utils.json import dumps

from tasks.app import call_signature, finish_signature, make_app
from tasks.envelope import fault_of
from tasks.messages import CallMessage, Doorbell

_CALL = CallMessage(run_id="run_1", turn=1, index=0, attempt=1, tool="get_weather")


@pytest.fixture(scope="module")
def app() -> Celery:
    """An app that never connects."""
    return make_app("test", "redis://127.0.0.1:1/0")


def _element(headers: object, content: str, **changes: Any) -> bytes:
    envelope: dict[str, Any] = {
        "body": b64encode(content.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": {"delivery_tag": "t", "delivery_info": {"exchange": "", "routing_key": "io"}, "body_encoding": "base64"},
    }
    return json.dumps(envelope | changes).encode()


_HEADERS: Mapping[str, Any] = {"id": "i", "task": "tool.call"}
_BODY = '[[], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'
_TAG = {"delivery_tag": "t", "delivery_info": {"exchange": "", "routing_key": "io"}, "body_encoding": "base64"}


def _with(**headers: Any) -> bytes:
    return _element({**_HEADERS, **headers}, _BODY)


def _later(**wait: float) -> str:
    return (datetime.now(UTC) + timedelta(**wait)).isoformat()


@pytest.mark.parametrize("delay_s", [0.0, 5 * 3600.0])
def test_a_message_that_celery_writes_is_taken(app: Celery, delay_s: float) -> None:
    """Calls of a chord, at once or after hours, pass as they are."""
    call = call_signature(app, Doorbell(call=_CALL, queue="io", timeout_s=100_000.0, delay_s=delay_s))
    body = finish_signature(app, "run_1", 1)
    body.link_error(finish_signature(app, "run_1", 1))
    options = {name: call.options[name] for name in ("time_limit", "countdown", "ignore_result")}
    headers, properties, sent, _ = app.amqp.as_task_v2(_CALL.task_id, "tool.call", kwargs=_CALL.kwargs(), chord=body, **options)
    encoded = b64encode(dumps(sent).encode()).decode()

    assert fault_of(_element(headers, "", body=encoded, properties={**properties, **_TAG})) is None


@pytest.mark.parametrize("element", [_element(_HEADERS, _BODY), _with(eta="2026-01-01T00:00:00+00:00"), _with(timelimit=[35.0, None])])
def test_the_least_that_celery_needs_is_taken(element: bytes) -> None:
    """The table below is about what is changed in it."""
    assert fault_of(element) is None


@pytest.mark.parametrize(
    ("element", "fault"),
    [
        (b"", "not_json"),
        (b"not json", "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"{}", "body"),
        (b"[" * 100_000, "too_large"),
        (b"[" * 201 + b"]" * 201, "too_large"),
        (b"[" * 199 + b"]" * 199, "not_an_object"),
        (b"x" * 300_000, "too_large"),
        (b'{"body": {"__type__": "datetime", "__value__": "never"}}', "not_json"),
        (b'{"body": ' + b"9" * 5000 + b"}", "not_json"),
        (_element(None, _BODY), "headers"),
        (_element({"task": "tool.call"}, _BODY), "headers.id"),
        (_element({"id": "i"}, _BODY), "headers.task"),
        (_with(id=None), "headers.id"),
        (_with(id=""), "headers.id"),
        (_with(id=7), "headers.id"),
        (_with(task=["tool.call"]), "headers.task"),
        (_with(timelimit="soon"), "headers.timelimit"),
        (_with(timelimit=[1]), "headers.timelimit"),
        (_with(timelimit=["x", None]), "headers.timelimit.0"),
        (_with(timelimit=[None, -1]), "headers.timelimit.1"),
        (_with(timelimit=[float("inf"), None]), "headers.timelimit.0"),
        (_with(timelimit=[float("nan"), None]), "headers.timelimit.0"),
        (_with(timelimit=[10**400, None]), "headers.timelimit.0"),
        (_with(timelimit=[True, None]), "headers.timelimit.0"),
        (_with(eta="tomorrow"), "headers.eta"),
        (_with(eta=7), "headers.eta"),
        (_with(eta="2026-01-01T00:00:00"), "headers.eta"),
        (_with(eta="0001-01-01T00:00:00+14:00"), "headers.eta"),
        (_with(eta=_later(days=2)), "headers.eta"),
        (_with(expires={}), "headers.expires"),
        (_with(retries="many"), "headers.retries"),
        (_with(shadow=[]), "headers.shadow"),
        (_with(compression="application/x-gzip"), "headers.compression"),
        (_element(_HEADERS, _BODY, **{"content-type": "application/x-python-serialize"}), "content-type"),
        (_element(_HEADERS, _BODY, **{"content-type": None}), "content-type"),
        (_element(_HEADERS, _BODY, **{"content-encoding": "binary"}), "content-encoding"),
        (_element(_HEADERS, _BODY, properties=None), "properties"),
        (_element(_HEADERS, _BODY, properties={**_TAG, "delivery_tag": None}), "properties.delivery_tag"),
        (_element(_HEADERS, _BODY, properties={**_TAG, "delivery_info": None}), "properties.delivery_info"),
        (_element(_HEADERS, _BODY, properties={**_TAG, "delivery_info": {"exchange": ""}}), "properties.delivery_info.routing_key"),
        (_element(_HEADERS, _BODY, properties={**_TAG, "body_encoding": "rot13"}), "properties.body_encoding"),
        (_element(_HEADERS, _BODY, body=None), "body"),
        (_element(_HEADERS, _BODY, body={"a": 1}), "body"),
        (_element(_HEADERS, _BODY, body="not base64!"), "body.not_json"),
        (_element(_HEADERS, _BODY, body=b64encode(b"\xff").decode()), "body.not_json"),
        (_element(_HEADERS, _BODY, body=b64encode(b"[" * 100_000).decode()), "body.too_large"),
        (_element(_HEADERS, "{}"), "body"),
        (_element(_HEADERS, "[[], {}]"), "body"),
        (_element(_HEADERS, "[{}, [], {}]"), "body"),
        (_element(_HEADERS, '["args", {}, {}]'), "body"),
        (_element(_HEADERS, "[[], {}, null]"), "body"),
        (_element(_HEADERS, '[[], {}, {"chord": "turn.finish"}]'), "body"),
    ],
)
def test_what_is_no_message_is_told_by_its_fault(element: bytes, fault: str) -> None:
    """The fault names a field of Celery's, and nothing that was found there."""
    assert fault_of(element) == fault
