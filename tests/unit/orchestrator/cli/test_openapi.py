"""`toolchord openapi`."""

import json

from tests.unit.orchestrator.cli.conftest import Toolchord


def test_the_document_is_printed_with_nothing_running(toolchord: Toolchord) -> None:
    """For code generators and for the docs."""
    assert "/v1/runs" in json.loads(toolchord("openapi").out)["paths"]
