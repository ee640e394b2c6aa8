"""The scripts that were registered by name."""

import re
from typing import Final

from orchestrator.llm.scripted.script import Script

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")


class LibraryFullError(Exception):
    """No further script can be registered."""


class ScriptLibrary:
    """Scripts by name, for as long as the server lives."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._scripts: dict[str, Script] = {}

    def __getitem__(self, name: str) -> Script:
        return self._scripts[name]

    def __contains__(self, name: str) -> bool:
        return name in self._scripts

    @property
    def names(self) -> list[str]:
        return list(self._scripts)

    def put(self, name: str, script: Script) -> None:
        """Registers the script, in the place of one with the same name. Raises ValueError for a name that cannot be, LibraryFullError."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"a script's name is 1 to 128 letters, digits, '_', '.' or '-', and {name[:200]!r} is not")
        if name not in self._scripts and len(self._scripts) >= self._most:
            raise LibraryFullError(f"{self._most} scripts are registered, and there is room for no more: remove some with DELETE /scripts")
        self._scripts[name] = script

    def remove(self, name: str) -> None:
        self._scripts.pop(name, None)

    def clear(self) -> None:
        self._scripts.clear()
