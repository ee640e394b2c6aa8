"""Grant, claim and fence on a real Redis."""

from collections.abc import Iterator

import pytest

from tasks.broker import connect
from tasks.grants import Grants
from tasks.messages import CallMessage, CallOutcome, Grant, Outcome, ToolResult
from tasks.names import STALE_RESULTS_KEY, CallKey

RUN = "run_1"


def _grant(index: int, attempt: int = 1) -> Grant:
    call = CallMessage(run_id=RUN, turn=1, index=index, attempt=attempt, tool="get_weather")
    return Grant(call=call, queue="io", schema_hash="h", arguments="{}", timeout_s=30, deadline_s=600)


def _result(grant: Grant) -> ToolResult:
    outcome = CallOutcome(outcome=Outcome.SUCCEEDED, content="72 F")
    return ToolResult(call=grant.call, result=outcome, worker="w", queue_wait_ms=1, run_ms=2)


@pytest.fixture
def grants(redis_url: str) -> Iterator[Grants]:
    """The calls' keys of an empty Redis."""
    redis = connect(redis_url)
    yield Grants(redis)
    redis.close()


def _stale_results(redis_url: str) -> str | None:
    with connect(redis_url) as redis:
        return redis.get(STALE_RESULTS_KEY)  # pyright: ignore[reportReturnType] - decoded by connect


def test_a_grant_is_claimed_once(grants: Grants) -> None:
    """A doubled message finds nothing to claim."""
    grant = _grant(0)
    grants.put(RUN, 1, [grant], [], ttl_s=60)

    first = grants.claim(grant.call, lease_s=60)
    second = grants.claim(grant.call, lease_s=60)

    assert first is not None
    assert first.grant == grant
    assert first.queue_wait_ms >= 0
    assert second is None


def test_another_attempt_has_no_grant(grants: Grants) -> None:
    """A message of an earlier attempt does not take the grant of the current one."""
    grants.put(RUN, 1, [_grant(0, attempt=2)], [], ttl_s=60)

    assert grants.claim(_grant(0, attempt=1).call, lease_s=60) is None
    assert grants.claim(_grant(0, attempt=2).call, lease_s=60) is not None


def test_a_result_needs_the_lease_of_its_attempt(grants: Grants, redis_url: str) -> None:
    """A result without a lease is dropped and counted; the one that holds it is kept."""
    grant = _grant(0)
    grants.put(RUN, 1, [grant], [], ttl_s=60)

    assert grants.complete(_result(grant)).stale
    assert _stale_results(redis_url) == "1"
    assert grants.states([grant.call.key])[0].result is None

    grants.claim(grant.call, lease_s=60)

    assert not grants.complete(_result(grant)).stale
    assert grants.states([grant.call.key])[0].result == _result(grant)
    assert grants.complete(_result(grant)).stale, "the lease is gone with the first result"


def test_each_call_that_ends_hands_over_the_next_of_the_window(grants: Grants) -> None:
    """Waiting calls leave the window one by one and in order."""
    all_grants = [_grant(index) for index in range(4)]
    grants.put(RUN, 1, all_grants, all_grants[2:], ttl_s=60)
    handed: list[CallKey] = []
    for grant in all_grants:
        grants.claim(grant.call, lease_s=60)
        waiting = grants.complete(_result(grant)).waiting
        if waiting is not None:
            handed.append(waiting.call.key)

    assert handed == [CallKey(RUN, 1, 2), CallKey(RUN, 1, 3)]


def test_an_attempt_is_granted_once(grants: Grants) -> None:
    """A coordinator that was held up and comes late cannot start again what runs, has run or was closed."""
    first, second, closed = _grant(0), _grant(0, attempt=2), _grant(1)
    grants.put(RUN, 1, [first], [], ttl_s=60)
    grants.claim(first.call, lease_s=60)
    grants.put(RUN, 1, [first], [], ttl_s=60)
    assert grants.claim(first.call, lease_s=60) is None

    grants.put(RUN, 1, [second], [], ttl_s=60)
    assert grants.claim(second.call, lease_s=60) is not None

    grants.close(RUN, 1, [closed.call.key])
    grants.put(RUN, 1, [closed], [], ttl_s=60)
    assert grants.claim(closed.call, lease_s=60) is None


def test_calls_that_are_sent_again_wait_behind_those_that_wait(grants: Grants) -> None:
    """A retry in the middle of a wide turn takes nobody's place in the window, and a window made anew holds nothing old."""
    grants.put(RUN, 1, [_grant(0), _grant(1)], [_grant(1)], ttl_s=60)
    grants.put(RUN, 1, [_grant(2), _grant(3)], [_grant(3)], ttl_s=60, anew=False)

    assert [_handed(grants, index) for index in (0, 2)] == [CallKey(RUN, 1, 1), CallKey(RUN, 1, 3)]

    grants.put(RUN, 1, [_grant(4)], [_grant(4)], ttl_s=60, anew=False)
    grants.put(RUN, 1, [_grant(5), _grant(6)], [_grant(6)], ttl_s=60)

    assert _handed(grants, 5) == CallKey(RUN, 1, 6)


def _handed(grants: Grants, index: int) -> CallKey | None:
    """The call that the end of another one hands over."""
    grant = _grant(index)
    assert grants.claim(grant.call, lease_s=60)
    waiting = grants.complete(_result(grant)).waiting
    return waiting.call.key if waiting else None


def test_a_lease_ends_by_itself(grants: Grants) -> None:
    """A worker that is gone leaves neither a grant nor a lease."""
    grant = _grant(0)
    grants.put(RUN, 1, [grant], [], ttl_s=60)
    grants.claim(grant.call, lease_s=0.001)

    state = grants.states([grant.call.key])[0]
    while state.leased:
        state = grants.states([grant.call.key])[0]

    assert state[:4] == (None, False, False, 1)


def test_what_is_forgotten_can_neither_start_nor_answer(grants: Grants) -> None:
    """After a cancel no call of the turn starts, and one that runs answers in vain."""
    running, queued = _grant(0), _grant(1)
    grants.put(RUN, 1, [running, queued], [], ttl_s=60)
    grants.claim(running.call, lease_s=60)

    grants.close(RUN, 1, [running.call.key, queued.call.key])

    assert grants.claim(queued.call, lease_s=60) is None
    assert grants.complete(_result(running)).stale


@pytest.mark.parametrize("version", ['"version":2', '"result":"another shape"'])
def test_a_result_of_another_version_answers_nothing(grants: Grants, redis_url: str, version: str) -> None:
    """Its call counts as lost; no reader stumbles over it."""
    grant = _grant(0)
    with connect(redis_url) as redis:
        redis.set(grant.call.key.result, _result(grant).encode()[:-1] + f",{version}}}")

    assert grants.states([grant.call.key])[0].result is None


def test_a_waiting_call_of_another_version_costs_no_result(grants: Grants, redis_url: str) -> None:
    """The result is put; the call that cannot be read is left to those who wrote it."""
    grant = _grant(0)
    grants.put(RUN, 1, [grant], [], ttl_s=60)
    grants.claim(grant.call, lease_s=60)
    with connect(redis_url) as redis:
        redis.rpush(grant.call.key.window, '{"another": "shape"}')

    completion = grants.complete(_result(grant))

    assert (completion.stale, completion.waiting) == (False, None)
    assert grants.states([grant.call.key])[0].result == _result(grant)


def test_a_call_is_granted_until_it_is_claimed(grants: Grants) -> None:
    """Only this attempt, and only once."""
    grant = _grant(0, attempt=2)
    grants.put(RUN, 1, [grant], [], ttl_s=60)

    assert grants.is_granted(grant.call)
    assert not grants.is_granted(_grant(0, attempt=1).call)

    grants.claim(grant.call, lease_s=60)

    assert not grants.is_granted(grant.call)
