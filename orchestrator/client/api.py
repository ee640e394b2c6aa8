"""The HTTP API as functions of the service's own JSON, which programs may read further than this version knows."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from orchestrator.client.errors import NotNow, NotReached, NotToolchord, UnknownForm
from orchestrator.client.http import PATIENCE_S, Http, JsonObject
from orchestrator.schemas.run import OPEN

M = TypeVar("M", bound=BaseModel)

#: Where a Toolchord is unless something else is said.
DEFAULT_URL: Final = "http://127.0.0.1:8000"

_EVERY_S: Final = 0.1
#: A run that takes longer than this is asked for less often.
_SHORT_S: Final = 10.0
_EVERY_WHEN_LONG_S: Final = 0.5


def read(kind: type[M], answer: JsonObject) -> M:
    """The answer as this version understands it. Raises UnknownForm when a service of another version tells it differently."""
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise UnknownForm(
            f"The service answers in a form that this version does not know (in {place}). Install the same version as the service."
        ) from None


class Api(Http):
    """What can be asked of a Toolchord. Every method raises ToolchordError when it is not reached or refuses."""

    def submit(self, body: JsonObject, *, key: str | None = None, wait_s: int = 0) -> JsonObject:
        """Starts one run, however often it is asked for, and gives it as it was accepted, or as it ended within `wait_s`."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex} | ({"Prefer": f"wait={wait_s}"} if wait_s else {})
        return self.ask("POST", "/v1/runs", body=body, headers=headers, wait_s=wait_s)

    def run(self, run_id: str) -> JsonObject:
        """A run with its transcript, turns and calls."""
        return self.ask("GET", _path(run_id))

    def runs(self, query: Mapping[str, str]) -> JsonObject:
        """A page of runs, the newest first."""
        return self.ask("GET", "/v1/runs", query=query)

    def cancel(self, run_id: str) -> JsonObject:
        """Cancels an open run; a run that has ended stays as it is."""
        return self.ask("POST", f"{_path(run_id)}/cancel")

    def tools(self) -> JsonObject:
        """The live catalogue."""
        return self.ask("GET", "/v1/tools")

    def follow(self, run_id: str, clock: Callable[[], float] = time.monotonic) -> Iterator[JsonObject]:
        """The run again and again, the last time when it has ended. A service that is away for a while, as when it is
        restarted, is waited for."""
        began = seen = clock()
        while True:
            try:
                run = self.ask_once(_path(run_id))
            except (NotReached, NotToolchord, NotNow):
                if clock() - seen > PATIENCE_S:
                    raise
            else:
                seen = clock()
                yield run
                if run.get("status") not in OPEN:
                    return
            self.sleep(_EVERY_S if clock() - began < _SHORT_S else _EVERY_WHEN_LONG_S)


def _path(run_id: str) -> str:
    return f"/v1/runs/{quote(run_id, safe='')}"
