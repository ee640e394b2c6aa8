"""tasks/catalogue.py: the tools of some modules."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.catalogue import load
from tasks.errors import DeclarationError
from tasks.invoke import invoke

GREET = '''
from tasks import tool

@tool
def {name}(who: str) -> str:
    """Greet."""
    return who
'''
POSTPONED = '''
from __future__ import annotations
from dataclasses import dataclass
from datetime import date
from tasks import ToolContext, tool

@dataclass
class Seat:
    row: int
    until: date | None = None

@tool(strict=True)
async def book(seat: Seat, *, call: ToolContext) -> Seat:
    """Book a seat."""
    return seat
'''

MODEL = '''
from base import Runs
from pydantic import BaseModel
from tasks import tool

@tool
class Sell(Runs, BaseModel):
    """Sell something."""
    what: str

class Gift(Sell):
    """Give something away."""
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that Python imports from; what was imported is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def _write(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)


def _refusal(*modules: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        load(modules)
    return str(caught.value)


def test_the_demonstrations_tools_are_found() -> None:
    """A package is searched with all its modules."""
    assert list(load(["tasks.tools"]).tools) == ["get_news_headlines", "get_stock_price", "get_weather"]


def test_specs_are_those_of_the_workers_queues() -> None:
    """A worker announces what it can run, and no more."""
    catalogue = load(["tasks.tools"])

    assert [spec.name for spec in catalogue.specs(["io"])] == ["get_news_headlines", "get_weather"]
    assert [spec.name for spec in catalogue.specs(["default", "other"])] == ["get_stock_price"]
    assert len(catalogue.specs()) == 3


def test_a_tool_is_got_by_its_name() -> None:
    """An unknown name is no error here: the worker answers it."""
    catalogue = load(["tasks.tools.weather"])

    assert catalogue.get("get_weather") is catalogue.tools["get_weather"]
    assert catalogue.get("get_stock_price") is None


def test_a_path_of_a_file_is_loaded(folder: Path) -> None:
    """Also one whose name is a module of Python's own, and twice."""
    path = folder / "elsewhere" / "json.py"
    _write(path, GREET.format(name="greet"))

    catalogue = load([str(path), str(path)])

    assert invoke(catalogue.tools["greet"], {"who": "you"}).content == "you"
    assert load([str(path)]).tools["greet"] is catalogue.tools["greet"]


def test_postponed_annotations_are_understood(folder: Path) -> None:
    """An author may use `from __future__ import annotations`."""
    _write(folder / "seats.py", POSTPONED)

    book = load([str(folder / "seats.py")]).tools["book"]

    assert invoke(book, '{"seat": {"row": 3, "until": null}}').content == '{"row":3,"until":null}'


def test_packages_are_searched_to_the_bottom(folder: Path) -> None:
    """A `__main__` is left alone: importing it would run a program."""
    _write(folder / "shop" / "__init__.py", "")
    _write(folder / "shop" / "__main__.py", "raise SystemExit")
    _write(folder / "shop" / "deep" / "__init__.py", GREET.format(name="one"))
    _write(folder / "shop" / "deep" / "er.py", GREET.format(name="two"))

    assert list(load(["shop"]).tools) == ["one", "two"]


def test_an_imported_tool_is_not_offered_again(folder: Path) -> None:
    """A module may use another's tool without offering it."""
    _write(folder / "base.py", GREET.format(name="greet"))
    _write(folder / "shop.py", "from base import greet\n" + GREET.format(name="sell"))

    assert list(load(["shop"]).tools) == ["sell"]
    assert list(load(["shop", "base", "shop"]).tools) == ["greet", "sell"]


def test_a_models_tool_is_offered_by_the_module_that_declares_it(folder: Path) -> None:
    """Its `run` may come from a base class of another module, and a class that is derived from it is no tool."""
    _write(folder / "base.py", "class Runs:\n    def run(self) -> str:\n        return repr(self)\n" + GREET.format(name="greet"))
    _write(folder / "shop.py", MODEL)
    _write(folder / "mall.py", "from shop import Sell\n" + GREET.format(name="greet"))

    catalogue = load(["shop"])

    assert list(catalogue.tools) == ["Sell"]
    assert invoke(catalogue.tools["Sell"], {"what": "ice"}).content == "Sell(what='ice')"
    assert list(load(["mall"]).tools) == ["greet"]


def test_two_tools_of_one_name_are_refused_with_both_places(folder: Path) -> None:
    """The author sees which to rename."""
    _write(folder / "one.py", GREET.format(name="greet"))
    _write(folder / "two.py", GREET.format(name="greet"))

    refusal = _refusal("one", "two")

    assert refusal.startswith("Two tools are named 'greet': ")
    assert f"{folder / 'one.py'}:4" in refusal
    assert f"{folder / 'two.py'}:4" in refusal


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import not_there", "ModuleNotFoundError: No module named 'not_there'"),
        ("1 +", "SyntaxError"),
        ("raise SystemExit(2)", "SystemExit: 2"),
        ("1 / 0", "ZeroDivisionError"),
        (GREET.replace("who: str", "who"), "Tool '{name}': parameter 'who' has no annotation"),
    ],
    ids=range(5),
)
def test_a_module_that_cannot_be_imported_is_named(folder: Path, source: str, reason: str) -> None:
    """By its name or path, with the reason."""
    source = source.replace("{name}", "greet")
    _write(folder / "shop" / "__init__.py", "")
    _write(folder / "shop" / "broken.py", source)
    path = folder / "shop" / "broken.py"

    assert _refusal("shop").startswith(f"Cannot import 'shop.broken': {reason.replace('{name}', 'greet')}")
    assert _refusal(str(path)).startswith(f"Cannot import {str(path)!r}: {reason.replace('{name}', 'greet')}")


def test_what_is_not_there_is_named(folder: Path) -> None:
    """A misspelt module or path stops the worker with a plain message."""
    assert _refusal("no_such_module").startswith("Cannot import 'no_such_module': ModuleNotFoundError")
    assert _refusal(str(folder / "gone.py")).startswith(f"Cannot import {str(folder / 'gone.py')!r}: FileNotFoundError")


def test_a_module_without_tools_is_refused(folder: Path) -> None:
    """A forgotten decorator would go unnoticed."""
    _write(folder / "empty.py", "def greet() -> None: ...\n")

    assert _refusal("empty") == "'empty' holds no tool; decorate a function or model of it with @tool."
