"""The HTTP face of a running Toolchord, as the commands use it. Answers are the service's own JSON, unchanged."""

import ipaddress
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from orchestrator.cli import output
from orchestrator.cli.errors import CommandError, ExitCode, NotNow
from orchestrator.schemas.problem import Problem

JsonObject = dict[str, JsonValue]
M = TypeVar("M", bound=BaseModel)

_TIMEOUT_S: Final = httpx2.Timeout(30.0, connect=5.0)
_OBJECT: Final = TypeAdapter(JsonObject)
#: How long a service that is full or away is asked again, in all.
_PATIENCE_S: Final = 15.0
_NOT_FOUND: Final = 404
_SERVER_ERROR: Final = 500


def read(kind: type[M], answer: JsonObject) -> M:
    """The answer as people are shown it. Raises CommandError when a service of another version tells it differently."""
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise CommandError(
            ExitCode.UNAVAILABLE,
            f"The service answers in a form that this version does not know (in {place}). Install the same version as the service.",
        ) from None


class Client:
    """Asks one Toolchord. Every method raises CommandError when it is not reached or refuses."""

    def __init__(self, url: str, transport: httpx2.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        try:
            self._http = httpx2.Client(
                base_url=_checked(self.url),
                timeout=_TIMEOUT_S,
                transport=transport,
                # A proxy of the environment must not stand between a machine and itself.
                trust_env=not _is_loopback(httpx2.URL(self.url).host),
            )
        except httpx2.InvalidURL as error:
            raise CommandError(ExitCode.USAGE, f"{url!r} is no URL: {error}. Write it like http://host:8000.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def submit(self, body: JsonObject, sleep: Callable[[float], None] = time.sleep) -> JsonObject:
        """Starts one run and gives it as it was accepted. A service that says when to ask again is asked again for a while."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        patience_s = _PATIENCE_S
        while True:
            try:
                return self._ask("POST", "/v1/runs", body=body, headers=headers)
            except NotNow as error:
                patience_s -= error.after_s
                if patience_s < 0:
                    raise
                output.note(str(error))
                sleep(error.after_s)

    def run(self, run_id: str) -> JsonObject:
        """A run with its transcript, turns and calls."""
        return self._ask("GET", f"/v1/runs/{quote(run_id, safe='')}")

    def runs(self, query: Mapping[str, str]) -> JsonObject:
        """A page of runs, the newest first."""
        return self._ask("GET", "/v1/runs", query=query)

    def cancel(self, run_id: str) -> JsonObject:
        """Cancels an open run; a run that has ended stays as it is."""
        return self._ask("POST", f"/v1/runs/{quote(run_id, safe='')}/cancel")

    def tools(self) -> JsonObject:
        """The live catalogue."""
        return self._ask("GET", "/v1/tools")

    def answers(self) -> bool:
        """Whether a Toolchord is there at all."""
        try:
            return self._http.get("/livez").is_success
        except httpx2.TransportError:
            return False

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: JsonObject | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        try:
            response = self._http.request(method, path, json=body, params=query, headers=headers)
        except httpx2.TransportError as error:
            raise self._not_reached(error) from None
        if not response.is_success:
            raise self._refusal(response)
        try:
            return _OBJECT.validate_json(response.content)
        except ValidationError:
            raise self._not_ours(response) from None

    def _not_reached(self, error: httpx2.TransportError) -> CommandError:
        reason = "does not answer in time" if isinstance(error, httpx2.TimeoutException) else "is not reachable"
        return CommandError(
            ExitCode.UNAVAILABLE,
            f"Toolchord {reason} at {self.url}. Start one with `toolchord up`, or name another with --api-url or TOOLCHORD_API_URL.",
        )

    def _refusal(self, response: httpx2.Response) -> CommandError:
        try:
            problem = Problem.model_validate_json(response.content)
        except ValidationError:
            return self._not_ours(response)
        after_s = _retry_after_s(response)
        if after_s or response.status_code >= _SERVER_ERROR:
            said = f"Toolchord at {self.url} cannot answer now: {problem.detail} (request {problem.request_id})"
            return NotNow(f"{said}.", after_s) if after_s else CommandError(ExitCode.UNAVAILABLE, said)
        code = ExitCode.NOT_FOUND if response.status_code == _NOT_FOUND else ExitCode.REFUSED
        # One field's error is the whole detail; of several, the detail only names the fields.
        fields = [f"{error.field}: {error.message}" for error in problem.errors if error.message not in problem.detail]
        return CommandError(code, " ".join([problem.detail, *fields]))

    def _not_ours(self, response: httpx2.Response) -> CommandError:
        return CommandError(
            ExitCode.UNAVAILABLE,
            f"What answers at {self.url} with status {response.status_code} is not Toolchord, or it stands before one that is down. "
            "Name another with --api-url or TOOLCHORD_API_URL.",
        )


def _retry_after_s(response: httpx2.Response) -> int | None:
    """The seconds that the service asks for, one at least. A proxy may name a date, which is no number."""
    given = response.headers.get("Retry-After", "")
    return max(1, int(given[:9])) if given.isdecimal() else None


def _checked(url: str) -> str:
    if httpx2.URL(url).scheme not in {"http", "https"} or not httpx2.URL(url).host:
        raise httpx2.InvalidURL("it must begin with http:// or https://")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
