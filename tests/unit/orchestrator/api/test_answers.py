"""Successful answers."""

import pytest

from orchestrator.api.answers import answer, answer_once
from orchestrator.schemas.health import Version

_BODY = Version(version="1")


def test_a_schema_is_answered_as_json() -> None:
    """The status and the headers are those that were asked for."""
    response = answer(_BODY, 202, {"Location": "/v1/runs/x"})

    assert (response.status_code, response.body) == (202, b'{"version":"1"}')
    assert (response.headers["content-type"], response.headers["location"]) == ("application/json", "/v1/runs/x")


@pytest.mark.parametrize("form", ["{}", 'W/"old", {}', "*"])
def test_what_the_caller_has_is_not_sent_again(form: str) -> None:
    """With the tag of an unchanged answer there is 304, without a body and with the same tag."""
    tag = answer_once(_BODY, None).headers["etag"]

    again = answer_once(_BODY, form.format(tag))

    assert (again.status_code, again.body, again.headers["etag"]) == (304, b"", tag)


@pytest.mark.parametrize("tag", [None, "", 'W/"old"', "garbage", ',,"'])
def test_what_has_changed_is_sent(tag: str | None) -> None:
    """Any other tag brings the whole answer."""
    assert answer_once(_BODY, tag).status_code == 200
