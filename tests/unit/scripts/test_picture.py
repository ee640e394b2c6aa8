"""The README's picture."""

import json
from xml.etree import ElementTree as ET

from scripts.picture import picture
from tests.unit.orchestrator.cli.service import run


def test_the_picture_shows_what_the_demo_printed_and_loads_nothing() -> None:
    """It stands on pages that load no fonts from elsewhere."""
    svg = picture(json.dumps({"run": run(), "parallel_turn": None, "scripted_model": True, "simulated_tools": True}))

    shown = "".join(ET.fromstring(svg).itertext()).replace("\xa0", " ")
    assert "It is clear in Tokyo." in shown
    assert "url(" not in svg.replace("url(#", "")
