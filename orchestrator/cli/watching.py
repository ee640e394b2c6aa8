"""A run, followed until its end."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console

from orchestrator.cli import states, views
from orchestrator.cli.client import Client, JsonObject, read
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.schemas.run import RunObject

_EVERY_S: Final = 0.1
#: A run that takes longer than this is asked for less often.
_SHORT_S: Final = 10.0
_EVERY_WHEN_LONG_S: Final = 0.5
#: A service that is away for less than this, as while it is restarted, is waited for.
_PATIENCE_S: Final = 15.0


def watch(client: Client, run_id: str, console: Console | None) -> JsonObject:
    """Shows the run while it goes on, if there is a console, and gives it as it ended."""
    answer: JsonObject = {}
    with views.shown_on(console) as show:
        for answer in follow(client, run_id):
            show(read(RunObject, answer))
    return answer


def follow(
    client: Client, run_id: str, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
) -> Iterator[JsonObject]:
    """The run again and again, the last time when it has ended. Raises CommandError."""
    began = seen = clock()
    while True:
        try:
            run = client.run(run_id)
        except CommandError as error:
            if error.code != ExitCode.UNAVAILABLE or clock() - seen > _PATIENCE_S:
                raise
        else:
            seen = clock()
            yield run
            if not states.is_open(read(RunObject, run)):
                return
        sleep(_EVERY_S if clock() - began < _SHORT_S else _EVERY_WHEN_LONG_S)
