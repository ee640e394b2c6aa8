"""The service as the commands ask it: what goes wrong is told as commands tell it."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from pydantic import BaseModel

from orchestrator.cli import output
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.client import api
from orchestrator.client.errors import InvalidUrl, NotFound, NotNow, NotReached, NotToolchord, Refused, ToolchordError, UnknownForm
from orchestrator.client.http import JsonObject

M = TypeVar("M", bound=BaseModel)


def read(kind: type[M], answer: JsonObject) -> M:
    """The answer as people are shown it. Raises CommandError when a service of another version tells it differently."""
    with _told():
        return api.read(kind, answer)


class Client:
    """Asks one Toolchord. Every method raises CommandError when it is not reached or refuses."""

    def __init__(self, url: str, transport: httpx2.BaseTransport | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        with _told():
            self._api = api.Api(url, transport=transport, on_wait=lambda error: output.note(str(error)), sleep=sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._api.close()

    def submit(self, body: JsonObject) -> JsonObject:
        """Starts one run and gives it as it was accepted. A service that says when to ask again is asked again for a while."""
        with _told():
            return self._api.submit(body)

    def run(self, run_id: str) -> JsonObject:
        """A run with its transcript, turns and calls."""
        with _told():
            return self._api.run(run_id)

    def follow(self, run_id: str, clock: Callable[[], float] = time.monotonic) -> Iterator[JsonObject]:
        """The run again and again, the last time when it has ended."""
        with _told():
            yield from self._api.follow(run_id, clock)

    def runs(self, query: Mapping[str, str]) -> JsonObject:
        """A page of runs, the newest first."""
        with _told():
            return self._api.runs(query)

    def cancel(self, run_id: str) -> JsonObject:
        """Cancels an open run; a run that has ended stays as it is."""
        with _told():
            return self._api.cancel(run_id)

    def tools(self) -> JsonObject:
        """The live catalogue."""
        with _told():
            return self._api.tools()

    def answers(self) -> bool:
        """Whether a Toolchord is there at all."""
        return self._api.answers()


@contextmanager
def _told() -> Generator[None]:
    """Lets what goes wrong end the command, with what to do and the exit code that says which."""
    try:
        yield
    except ToolchordError as error:
        raise _command_error(error) from None


def _command_error(error: ToolchordError) -> CommandError:
    match error:
        case InvalidUrl():
            return CommandError(ExitCode.USAGE, str(error))
        case NotReached():
            start = "Start one with `toolchord up`, or name another with --api-url or TOOLCHORD_API_URL."
            return CommandError(ExitCode.UNAVAILABLE, f"{error} {start}")
        case NotToolchord() if not isinstance(error, UnknownForm):
            return CommandError(ExitCode.UNAVAILABLE, f"{error} Name another with --api-url or TOOLCHORD_API_URL.")
        case NotFound():
            return CommandError(ExitCode.NOT_FOUND, str(error))
        case Refused() if not isinstance(error, NotNow):
            return CommandError(ExitCode.REFUSED, str(error))
        case _:
            return CommandError(ExitCode.UNAVAILABLE, str(error))
