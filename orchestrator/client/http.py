"""Requests to a Toolchord, and its answers as they came."""

import ipaddress
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

import httpx2
from pydantic import JsonValue, TypeAdapter, ValidationError

from orchestrator.client.errors import InvalidUrl, NotFound, NotNow, NotReached, NotToolchord, Refused
from orchestrator.schemas.problem import Problem

JsonObject = dict[str, JsonValue]

#: How long a service that says when to ask again is asked again, in all.
PATIENCE_S: Final = 15.0

_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 30.0
_OBJECT: Final = TypeAdapter(JsonObject)
_NOT_FOUND: Final = 404
_SERVER_ERROR: Final = 500


def _ignore(error: NotNow) -> None:
    """Waits without a word."""


class Http:
    """One Toolchord's HTTP. `on_wait` is told of each refusal that is waited out; `sleep` waits."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        patience_s: float = PATIENCE_S,
        on_wait: Callable[[NotNow], None] = _ignore,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises InvalidUrl."""
        self.url = url.rstrip("/")
        self.sleep = sleep
        self._patience_s = patience_s
        self._on_wait = on_wait
        try:
            self._http = httpx2.Client(
                base_url=_checked(self.url),
                timeout=_timeout(0),
                transport=transport,
                # A proxy of the environment must not stand between a machine and itself.
                trust_env=not _is_loopback(httpx2.URL(self.url).host),
            )
        except httpx2.InvalidURL as error:
            raise InvalidUrl(f"{url!r} is no URL: {error}. Write it like http://host:8000.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def answers(self) -> bool:
        """Whether a Toolchord is there at all."""
        try:
            return self._http.get("/livez").is_success
        except httpx2.TransportError:
            return False

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: JsonObject | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        wait_s: int = 0,
    ) -> JsonObject:
        """The answer's JSON; one that may take `wait_s` longer. Raises ToolchordError."""
        request = self._http.build_request(method, path, json=body, params=query, headers=headers, timeout=_timeout(wait_s))
        patience_s = self._patience_s
        while True:
            try:
                return self._once(request)
            except NotNow as error:
                patience_s -= error.after_s or patience_s + 1
                if patience_s < 0:
                    raise
                self._on_wait(error)
                self.sleep(error.after_s or 0)

    def ask_once(self, path: str) -> JsonObject:
        """Reads what is there, without patience. Raises ToolchordError."""
        return self._once(self._http.build_request("GET", path))

    def _once(self, request: httpx2.Request) -> JsonObject:
        try:
            response = self._http.send(request)
        except httpx2.TransportError as error:
            reason = "does not answer in time" if isinstance(error, httpx2.TimeoutException) else "is not reachable"
            raise NotReached(f"Toolchord {reason} at {self.url}.") from None
        if not response.is_success:
            raise self._refusal(response)
        try:
            return _OBJECT.validate_json(response.content)
        except ValidationError:
            raise self._not_ours(response) from None

    def _refusal(self, response: httpx2.Response) -> Refused | NotToolchord:
        try:
            problem = Problem.model_validate_json(response.content)
        except ValidationError:
            return self._not_ours(response)
        after_s = _retry_after_s(response)
        if after_s or response.status_code >= _SERVER_ERROR:
            return NotNow(problem, self.url, after_s)
        return NotFound(problem) if response.status_code == _NOT_FOUND else Refused(problem)

    def _not_ours(self, response: httpx2.Response) -> NotToolchord:
        return NotToolchord(
            f"What answers at {self.url} with status {response.status_code} is not Toolchord, or it stands before one that is down."
        )


def _timeout(wait_s: int) -> httpx2.Timeout:
    return httpx2.Timeout(_ANSWER_S + wait_s, connect=_CONNECT_S)


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
