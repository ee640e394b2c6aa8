"""The project's code, read without running it: what only a literal in a call tells."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

_ROOT: Final = Path(__file__).parents[2]
_PACKAGES: Final = ("tasks", "workers", "orchestrator")


class Found(NamedTuple):
    """A call in the code, and the module that holds it."""

    module: str
    call: ast.Call


def calls(names: Collection[str]) -> Iterator[Found]:
    """Every call of a function or method with one of these names."""
    for path in _files():
        module = ".".join(path.relative_to(_ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and name_of(node.func) in names:
                yield Found(module, node)


def name_of(node: ast.expr) -> str:
    """The last name of `a`, `a.b` or `a.b.c`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def text_of(node: ast.expr) -> str | None:
    """The text that a literal is."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _files() -> Iterator[Path]:
    for package in _PACKAGES:
        yield from sorted((_ROOT / package).rglob("*.py"))
