"""Elements that somebody may put into a queue: one that is a message, and many that are none."""

import json
import pickle
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

#: Part of every element that can hold it.
CONTENT = "not-for-any-log"
_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def message(queue: str, task: str, kwargs: Mapping[str, object], **headers: object) -> bytes:
    """A message as Celery would publish it."""
    return json.dumps(_envelope(queue, task, kwargs) | {"headers": _headers(task) | headers}).encode()


def malformed(queue: str) -> dict[str, bytes]:
    """What is no message, by its name."""
    good: dict[str, Any] = {**_envelope(queue, "tool.call", {}), "content": CONTENT}
    properties = good["properties"]
    texts: dict[str, bytes] = {
        "not JSON": CONTENT.encode(),
        "nothing": b"",
        "not UTF-8": b"\xff\xfe\x00\x01",
        "a pickle": pickle.dumps({"task": CONTENT}),
        "null": b"null",
        "a list": b"[]",
        "a text": b'"text"',
        "a number": b"7",
        "an empty object": b"{}",
        "100,000 deep": b"[" * 100_000,
        "900 deep": json.dumps(good).encode()[:-1] + b', "extra": ' + b"[" * 900 + b"]" * 900 + b"}",
        "an unknown type of Kombu's": json.dumps(good | {"extra": {"__type__": "datetime", "__value__": "never"}}).encode(),
    }
    changes: dict[str, dict[str, Any]] = {
        "no headers": {"headers": None},
        "no properties": {"properties": None},
        "no delivery_tag": {"properties": properties | {"delivery_tag": None}},
        "no delivery_info": {"properties": properties | {"delivery_info": None}},
        "an unknown body_encoding": {"properties": properties | {"body_encoding": "rot13"}},
        "an unknown content type": {"content-type": "application/x-unknown"},
        "pickled content": {"content-type": "application/x-python-serialize", "content-encoding": "binary"},
        "no body": {"body": None},
        "a body that is no base64": {"body": "!"},
        "a body that is no JSON": {"body": b64encode(b"not json").decode()},
        "a body that is no triple": {"body": b64encode(b'{"a": 1}').decode()},
        "a body of null": {"body": b64encode(b"null").decode()},
    }
    headers: dict[str, dict[str, object]] = {
        "no id": {"id": None},
        "an id that is a list": {"id": ["i"]},
        "a task that is an object": {"task": {}},
        "a bad timelimit": {"timelimit": CONTENT},
        "a timelimit without end": {"timelimit": [float("inf"), None]},
        "a bad eta": {"eta": CONTENT},
        "a bad expires": {"expires": {}},
        "an unknown compression": {"compression": "application/x-unknown"},
    }
    without = {name: {**good, "headers": {k: v for k, v in good["headers"].items() if k != name}} for name in ("id", "task")}
    return {
        **texts,
        **{name: json.dumps(good | change).encode() for name, change in changes.items()},
        **{name: json.dumps(good | {"headers": good["headers"] | change}).encode() for name, change in headers.items()},
        **{f"{name} is missing": json.dumps(envelope).encode() for name, envelope in without.items()},
    }


def _headers(task: str) -> dict[str, object]:
    return {"id": uuid4().hex, "task": task, "lang": "py", "retries": 0, "timelimit": [None, None], "argsrepr": "()", "kwargsrepr": "{}"}


def _envelope(queue: str, task: str, kwargs: Mapping[str, object]) -> dict[str, Any]:
    return {
        "body": b64encode(json.dumps([[], kwargs, _EMBED]).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": _headers(task),
        "properties": {
            "body_encoding": "base64",
            "correlation_id": None,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "delivery_mode": 2,
            "delivery_tag": uuid4().hex,
            "priority": 0,
            "reply_to": None,
        },
    }
