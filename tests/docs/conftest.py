"""One Toolchord for all pages."""

import os
from collections.abc import Callable, Generator
from contextlib import ExitStack
from functools import cache

import pytest

from orchestrator.processes.errors import ServerUnavailableError
from tests.docs.site import Site, running


@pytest.fixture(scope="session")
def site() -> Generator[Callable[[], Site]]:
    """Gives the Toolchord, which starts when the first page asks for it."""
    with ExitStack() as exit_stack:

        @cache
        def start() -> Site:
            try:
                return exit_stack.enter_context(running())
            except ServerUnavailableError as error:
                if os.environ.get("CI"):
                    raise
                pytest.skip(str(error))

        yield start
