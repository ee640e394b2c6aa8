"""The README's picture, from a real run: `toolchord demo --json | python -m scripts.picture docs/images/demo.svg`."""

import re
import sys
from io import StringIO
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from orchestrator.cli.chart import chart
from orchestrator.cli.demo import conclusion, introduction
from orchestrator.schemas.run import RunObject

_WIDTH: Final = 104
#: Pictures on a page load no fonts: the reader's own is used.
_FONT_FACE: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


class _Demo(BaseModel):
    """What `toolchord demo --json` prints."""

    run: RunObject
    scripted_model: bool


def picture(printed: str) -> str:
    """The SVG of what the demo shows on a terminal."""
    demo = _Demo.model_validate_json(printed)
    console = Console(record=True, width=_WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor", highlight=False)
    console.print(Text.assemble(("$ ", "dim"), ("toolchord demo", "bold")))
    console.print(introduction(None if demo.scripted_model else demo.run.model))
    console.print(chart(demo.run, demo.run.created_at))
    console.print(conclusion(demo.run, goes_on=False).append("\n"))
    svg = console.export_svg(title="toolchord demo", unique_id="toolchord-demo")
    return _FONT_FACE.sub("", svg).replace("Fira Code, monospace", _FONT)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(sys.stdin.read()))
