"""Whether a local Toolchord can answer."""

from httpx2 import Client, HTTPError
from pydantic import BaseModel, ValidationError
from redis.exceptions import RedisError

from tasks.broker import connect
from tasks.messages import Announcement
from tasks.names import DEFAULT_QUEUE, IO_QUEUE, TURNS_QUEUE
from tasks.presence import Presence

_TIMEOUT_S = 2.0


class _Tool(BaseModel):
    name: str


class _Tools(BaseModel):
    """The answer of `GET /v1/tools`, as far as it matters here."""

    data: tuple[_Tool, ...]


class Readiness:
    """Asks the API and the catalogue in Redis. Make it before the workers start: announcements that are there already
    are those of an earlier run."""

    def __init__(self, api_url: str, redis_url: str) -> None:
        # No proxy of the environment stands between us and our own API.
        self._http = Client(base_url=api_url, timeout=_TIMEOUT_S, trust_env=False)
        self._redis = connect(redis_url)
        self._presence = Presence(self._redis)
        self._earlier = {worker.worker_id for worker in self._presence.workers()}

    def missing(self) -> str | None:
        """What is still waited for, in words; None when all is ready."""
        try:
            workers = self._new_workers()
            return _missing_queues(workers) or self._missing_in_api(workers)
        except (HTTPError, RedisError, ValidationError) as error:
            return f"the API or Redis ({type(error).__name__})"

    def close(self) -> None:
        self._http.close()
        self._redis.close()

    def _new_workers(self) -> list[Announcement]:
        return [worker for worker in self._presence.workers() if worker.worker_id not in self._earlier]

    def _missing_in_api(self, workers: list[Announcement]) -> str | None:
        if not self._http.get("/readyz").is_success:
            return "the API"
        listed = {tool.name for tool in _Tools.model_validate_json(self._http.get("/v1/tools").content).data}
        missing = {tool.name for worker in workers for tool in worker.tools} - listed
        return f"the tools {', '.join(sorted(missing))} in the API's list" if missing else None


def _missing_queues(workers: list[Announcement]) -> str | None:
    missing = {TURNS_QUEUE, IO_QUEUE, DEFAULT_QUEUE} - {queue for worker in workers for queue in worker.queues}
    return f"workers of the queues {', '.join(sorted(missing))}" if missing else None
