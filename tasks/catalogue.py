"""The tools of some modules, loaded once when a worker starts."""

import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from tasks.errors import DeclarationError
from tasks.messages import ToolSpec
from tasks.tool import Tool, tool_of

AnyTool = Tool[..., Any]


@dataclass(frozen=True)
class Catalogue:
    """Tools by their names, in the order of the names."""

    tools: Mapping[str, AnyTool]

    def get(self, name: str) -> AnyTool | None:
        return self.tools.get(name)

    def specs(self, queues: Collection[str] | None = None) -> tuple[ToolSpec, ...]:
        """What is announced: the tools of these queues, or of all."""
        return tuple(tool.spec for tool in self.tools.values() if queues is None or tool.spec.queue in queues)


def load(modules: Sequence[str]) -> Catalogue:
    """Imports each module, each package with all its modules, each path of a `.py` file, and gathers the tools written there.

    A tool that a module only imports is not offered by it. Raises DeclarationError: a module that cannot be imported or
    holds no tool, two tools of one name.
    """
    found: dict[str, AnyTool] = {}
    for module in modules:
        tools = [tool for part in _imported(module) for tool in _written_in(part)]
        if not tools:
            raise DeclarationError(f"{module!r} holds no tool; decorate a function or model of it with @tool.")
        for tool in tools:
            _check_single(tool, found.setdefault(tool.spec.name, tool))
    return Catalogue(MappingProxyType(dict(sorted(found.items()))))


def _check_single(tool: AnyTool, known: AnyTool) -> None:
    if tool is not known:
        raise DeclarationError(f"Two tools are named {tool.spec.name!r}: {known.place} and {tool.place}. Rename one.")


def _written_in(module: ModuleType) -> list[AnyTool]:
    found = [tool for value in vars(module).values() if (tool := tool_of(value))]
    return [tool for tool in found if tool.module == module.__name__]


def _imported(name: str) -> Iterator[ModuleType]:
    if name.endswith(".py"):
        yield _import_file(Path(name).resolve())
        return
    module = _import(name)
    yield module
    for part in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
        if not part.name.endswith(".__main__"):  # Importing it would run a program.
            yield from _imported(part.name)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # An author's module may raise anything.
        raise _not_imported(name, error) from error


def _import_file(path: Path) -> ModuleType:
    """The module's name is made of the whole path, so that a file called json.py hides nothing."""
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if name in sys.modules or spec is None or spec.loader is None:
        return sys.modules[name]
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Pydantic looks names up there.
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _not_imported(str(path), error) from error
    return module


def _not_imported(name: str, error: BaseException) -> DeclarationError:
    reason = str(error) if isinstance(error, DeclarationError) else f"{type(error).__name__}: {error}"
    return DeclarationError(f"Cannot import {name!r}: {reason}")
