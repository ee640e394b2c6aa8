"""A worker's leases on a real Redis: kept while it can, and its calls stopped when it cannot."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from tasks.broker import connect
from tasks.grants import Grants
from tasks.messages import CallMessage, Grant
from tasks.stopping import Stopping
from workers.leases import LEASE_S, REFRESH_TIMEOUT_S, Held, Leases

RUN = "run_1"


class _Unwatched(Leases):
    """The test refreshes in the thread's place."""

    def start(self) -> None:
        pass


class Worker:
    """A process that runs calls, with a clock and a link to Redis in the test's hand."""

    def __init__(self, redis_url: str) -> None:
        self.redis = connect(redis_url)
        self.grants = Grants(self.redis)
        self.now = 0.0
        self.log: list[str] = []
        self.stopping = Stopping()
        self.leases = _Unwatched(self, self.stopping, lambda: self.now)
        self.cut = False
        self.silence_s = self.kept_at = self.killed_at = 0.0
        self._exit = ExitStack()

    def refresh(self, calls: Sequence[CallMessage], lease_s: float) -> list[bool]:
        if self.cut:
            self.now += self.silence_s
            raise RedisConnectionError
        self.kept_at = self.now
        return self.grants.refresh(calls, lease_s)

    def run(self, index: int, attempt: int = 1) -> CallMessage:
        return self.hold(index, attempt).call

    def hold(self, index: int, attempt: int = 1) -> Held:
        call = CallMessage(run_id=RUN, turn=1, index=index, attempt=attempt, tool="t")
        self.grants.put(RUN, 1, [Grant(call=call, queue="io", schema_hash="h", arguments="{}", timeout_s=30, deadline_s=60)], [], ttl_s=60)
        assert self.grants.claim(call, LEASE_S)
        self.kept_at = self.now
        held = self.leases.holding(call, lambda: self.log.append(f"stop {index}"), lambda: self._kill(index))
        return self._exit.enter_context(held)

    def _kill(self, index: int) -> None:
        self.log.append(f"kill {index}")
        self.killed_at = self.now

    def left_ms(self, call: CallMessage) -> int:
        return int(str(self.redis.pttl(call.key.lease)))

    def end(self) -> None:
        """All calls end."""
        self._exit.close()

    def close(self) -> None:
        self.end()
        self.redis.close()


@pytest.fixture
def worker(redis_url: str) -> Iterator[Worker]:
    """A worker that runs nothing yet."""
    worker = Worker(redis_url)
    yield worker
    worker.close()


def test_all_leases_are_prolonged_together(worker: Worker) -> None:
    """A refresh gives every running call its full time again."""
    calls = [worker.run(index) for index in range(3)]
    for call in calls:
        worker.redis.pexpire(call.key.lease, 1000)

    worker.leases.refresh()

    assert all(worker.left_ms(call) > 5000 for call in calls)
    assert worker.log == []


def test_a_call_whose_lease_is_gone_is_stopped_and_then_killed(worker: Worker) -> None:
    """A cancelled call's tool is asked to end, and ended when it does not; its siblings run on."""
    first, _ = worker.run(0), worker.run(1)
    worker.grants.close(RUN, 1, [first.key])

    worker.leases.refresh()
    worker.leases.look()
    assert worker.log == ["stop 0"]
    worker.now += 5
    worker.leases.look()

    assert worker.log == ["stop 0", "kill 0"]


def test_a_lease_of_a_later_attempt_is_not_prolonged(worker: Worker) -> None:
    """What another worker runs by now is its own."""
    call = worker.run(0)
    worker.redis.set(call.key.lease, "2")

    worker.leases.refresh()

    assert worker.log == ["stop 0"]


def test_a_worker_cut_off_stops_its_calls_before_their_leases_end(worker: Worker) -> None:
    """It goes on through a short outage, and not through one that outlasts a lease."""
    held = worker.hold(0)
    worker.cut = True
    worker.now = LEASE_S / 4
    worker.leases.look()
    assert worker.log == []

    worker.now = LEASE_S * 3 / 4
    worker.leases.look()

    assert (worker.log, held.handed_back) == (["stop 0"], True)


@pytest.mark.parametrize("silence_s", [0, 2 * REFRESH_TIMEOUT_S])
def test_what_a_worker_cut_off_cannot_stop_is_killed_before_its_lease_ends(worker: Worker, silence_s: float) -> None:
    """However long each question to Redis stays unanswered, and whenever the worker is cut off."""
    worker.silence_s = silence_s
    for index in range(10):
        worker.hold(index)
        cut_at = worker.now + index / 2
        while f"kill {index}" not in worker.log:
            worker.cut = worker.now >= cut_at
            worker.leases.look()
            worker.now += 0.5

        assert worker.killed_at < worker.kept_at + LEASE_S
        worker.end()
        worker.cut = False


def test_what_runs_when_a_worker_has_to_stop_is_handed_back(worker: Worker) -> None:
    """It runs on for its grace, is then stopped with its lease kept, so that it can say so, and killed when it does not end."""
    held = worker.hold(0)
    worker.stopping.begin(3600)
    worker.leases.look()
    assert (worker.log, held.handed_back) == ([], False)

    worker.stopping.begin(0)
    worker.leases.look()
    worker.leases.look()
    assert (worker.log, held.handed_back) == (["stop 0"], True)
    worker.now += 3
    worker.leases.look()

    assert worker.log == ["stop 0", "kill 0"]
    assert worker.left_ms(held.call) > 0


def test_a_call_that_lost_its_lease_is_not_handed_back(worker: Worker) -> None:
    """It was answered otherwise."""
    held = worker.hold(0)
    worker.grants.close(RUN, 1, [held.call.key])
    worker.leases.refresh()
    worker.stopping.begin(0)
    worker.leases.look()

    assert (worker.log, held.handed_back) == (["stop 0"], False)


def test_leases_are_refreshed_at_their_own_pace(worker: Worker) -> None:
    """Most looks ask Redis nothing."""
    call = worker.run(0)
    worker.redis.pexpire(call.key.lease, 1000)
    worker.leases.look()
    assert worker.left_ms(call) <= 1000

    worker.now += LEASE_S / 4
    worker.leases.look()

    assert worker.left_ms(call) > 5000
