"""Which Toolchord a command talks to."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.client.api import DEFAULT_URL

_FILE: Final = "stack.json"
_DATA_DIR: Final = "TOOLCHORD_DATA_DIR"
_DEFAULT_DATA_DIR: Final = ".toolchord"


class LocalStack(BaseModel):
    """The local stack that runs, as its data folder names it. Holds no secret."""

    model_config = ConfigDict(frozen=True)

    api_url: str
    flower_url: str
    #: The chat-completions server that is asked; None for OpenAI's own.
    model_url: str | None
    #: Whether that is the scripted model.
    scripted: bool

    @classmethod
    def of(cls, data_dir: Path) -> Self | None:
        """None where the folder names no stack. A killed one may still be named."""
        try:
            return cls.model_validate_json((data_dir / _FILE).read_bytes())
        except (OSError, ValidationError):
            return None

    @contextmanager
    def named_in(self, data_dir: Path) -> Generator[None]:
        """Lets the other commands find the stack while the block runs."""
        path = data_dir / _FILE
        written = path.with_suffix(".new")
        written.write_text(self.model_dump_json())
        written.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def api_url(given: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """The URL that was given; else that of the stack which runs in the data folder; else the default.

    Settings are not read for this: a command that only asks the API must not fail for a setting it does not use.
    """
    if given:
        return given
    stack = LocalStack.of(Path(environ.get(_DATA_DIR) or _DEFAULT_DATA_DIR))
    return stack.api_url if stack else DEFAULT_URL
