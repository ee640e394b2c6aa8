"""Grant, claim and fence: the few Redis keys of a call, each step one atomic script.

A *grant* is the right to run one attempt of a call once. A worker *claims* it before it runs anything; the grant is then
gone and a *lease* stands in its place. A *result* is accepted only from the attempt that holds the lease. So a doubled,
delayed or replayed Celery message does nothing, and after a FLUSHALL nothing old can start.
"""

import uuid
from collections.abc import Sequence
from typing import Final, NamedTuple, cast

from pydantic import ValidationError
from redis import Redis

from tasks.messages import CallMessage, Doorbell, Grant, ToolResult
from tasks.names import EPOCH_KEY, STALE_RESULTS_KEY, CallKey, window_key

# KEYS: window, grant and latest grant of each call. ARGV: time to live in ms, number of calls, whether the window is made
# anew, (attempt, body)..., doorbells... An attempt is granted once: a coordinator that was held up and comes late
# grants nothing that another has granted meanwhile, or that was closed.
_GRANT: Final = """
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local calls = tonumber(ARGV[2])
for i = 1, calls do
  local grant, latest, attempt = KEYS[2 * i], KEYS[2 * i + 1], tonumber(ARGV[2 + 2 * i])
  if tonumber(redis.call('GET', latest) or 0) < attempt then
    redis.call('HSET', grant, 'attempt', attempt, 'body', ARGV[3 + 2 * i], 'at', at)
    redis.call('PEXPIRE', grant, ARGV[1])
    redis.call('SET', latest, attempt, 'PX', ARGV[1])
  end
end
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) end
for i = 4 + 2 * calls, #ARGV do
  redis.call('RPUSH', KEYS[1], ARGV[i])
end
if #ARGV >= 4 + 2 * calls then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return at
"""

# KEYS: window, grant, lease, result and latest grant of each call. ARGV: time to live in ms.
_CLOSE: Final = """
redis.call('DEL', KEYS[1])
for i = 2, #KEYS, 4 do
  redis.call('DEL', KEYS[i], KEYS[i + 1], KEYS[i + 2])
  redis.call('SET', KEYS[i + 3], 'inf', 'PX', ARGV[1])
end
return 1
"""

# KEYS: grant, lease. ARGV: attempt, lease in ms. Only now is it decided who runs the attempt.
_CLAIM: Final = """
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return false end
local grant = redis.call('HMGET', KEYS[1], 'body', 'at')
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
local now = redis.call('TIME')
return {grant[1], now[1] * 1000 + math.floor(now[2] / 1000) - grant[2]}
"""

# KEYS: leases. ARGV: lease in ms, the attempt of each.
_REFRESH: Final = """
local kept = {}
for i, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[i + 1] then
    kept[i] = redis.call('PEXPIRE', key, ARGV[1])
  else
    kept[i] = 0
  end
end
return kept
"""

# KEYS: lease, result, window, stale counter. ARGV: attempt, result, time to live in ms, whether to take the next call.
# The fence: without the lease of this very attempt nothing is written. A place in the window passes to the next call.
_COMPLETE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  redis.call('INCR', KEYS[4])
  return {0}
end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
local waiting = ARGV[4] == '1' and redis.call('LPOP', KEYS[3])
if waiting then return {1, waiting} end
return {1}
"""

# KEYS: epoch. ARGV: the epoch if it begins now. A Redis that is full still reads, so nothing is written in vain.
_EPOCH: Final = """
local epoch = redis.call('GET', KEYS[1])
if epoch then return epoch end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
"""

# KEYS: epoch; result, lease, grant and latest grant of each call. ARGV: the epoch if it begins now.
_STATES: Final = """
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  redis.call('SET', KEYS[1], ARGV[1])
  epoch = ARGV[1]
end
local states = {epoch}
for i = 2, #KEYS, 4 do
  states[#states + 1] = redis.call('GET', KEYS[i])
  states[#states + 1] = redis.call('EXISTS', KEYS[i + 1])
  states[#states + 1] = redis.call('EXISTS', KEYS[i + 2])
  states[#states + 1] = redis.call('GET', KEYS[i + 3])
end
return states
"""

_RESULT_TTL_MS: Final = 24 * 3600 * 1000


class Claim(NamedTuple):
    """A grant taken by this process."""

    #: None when another version wrote it.
    grant: Grant | None
    queue_wait_ms: int


class Completion(NamedTuple):
    """What became of a result: stale ones are dropped; the next call of the window, if any, is to be published."""

    stale: bool
    waiting: Doorbell | None


class CallState(NamedTuple):
    """What Redis knows of a call."""

    #: One of another version answers nothing, or each reader would stumble over it again and again: its call is lost.
    result: ToolResult | None
    leased: bool
    granted: bool
    #: The latest attempt that was ever granted, as far as Redis remembers.
    latest: float = 0
    #: Another than before says that Redis was emptied and remembers nothing of then.
    epoch: str | None = None


class Grants:
    """The calls' keys in one Redis. Safe for threads; after a fork each process gets connections of its own."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._grant = redis.register_script(_GRANT)
        self._close = redis.register_script(_CLOSE)
        self._claim = redis.register_script(_CLAIM)
        self._refresh = redis.register_script(_REFRESH)
        self._complete = redis.register_script(_COMPLETE)
        self._states = redis.register_script(_STATES)
        self._epoch = redis.register_script(_EPOCH)

    def put(self, run_id: str, turn: int, grants: Sequence[Grant], waiting: Sequence[Grant], ttl_s: float, *, anew: bool = True) -> None:
        """Grants calls of one turn in one round trip; those of `waiting` are published by the workers, one for each
        call that ends. An attempt that was granted before is not granted again. With `anew` nothing else waits in the
        turn's window; else they wait behind what is there."""
        names = [name for grant in grants for name in (grant.call.key.grant, grant.call.key.granted)]
        bodies = [part for grant in grants for part in (grant.call.attempt, grant.encode())]
        bells = [grant.doorbell.encode() for grant in waiting]
        self._grant(keys=[window_key(run_id, turn), *names], args=[int(ttl_s * 1000), len(grants), int(anew), *bodies, *bells])

    def claim(self, call: CallMessage, lease_s: float) -> Claim | None:
        """Takes the grant of this attempt, or None: then it must not run."""
        taken = self._claim(keys=[call.key.grant, call.key.lease], args=[call.attempt, int(lease_s * 1000)])
        if taken is None:
            return None
        body, waited_ms = taken
        return Claim(Grant.understood(body), max(0, int(waited_ms)))

    def is_granted(self, call: CallMessage) -> bool:
        """Whether this attempt may still be claimed."""
        return self._redis.hget(call.key.grant, "attempt") == str(call.attempt)

    def refresh(self, calls: Sequence[CallMessage], lease_s: float) -> list[bool]:
        """Prolongs the leases that these attempts still hold, in one round trip; says which."""
        if not calls:
            return []
        attempts = [call.attempt for call in calls]
        kept = self._refresh(keys=[call.key.lease for call in calls], args=[int(lease_s * 1000), *attempts])
        return [bool(one) for one in kept]

    def complete(self, result: ToolResult, *, take_next: bool = True) -> Completion:
        """Puts the result of an attempt that still holds its lease. With `take_next` the caller undertakes to publish
        the call that follows in the window."""
        key = result.call.key
        answer = self._complete(
            keys=[key.lease, key.result, key.window, STALE_RESULTS_KEY],
            args=[result.call.attempt, result.encode(), _RESULT_TTL_MS, int(take_next)],
        )
        return Completion(stale=not answer[0], waiting=_doorbell(answer[1]) if len(answer) > 1 else None)

    def states(self, keys: Sequence[CallKey]) -> list[CallState]:
        """What is known of each call, in one round trip."""
        names = [name for key in keys for name in (key.result, key.lease, key.grant, key.granted)]
        epoch, *flat = self._states(keys=[EPOCH_KEY, *names], args=[uuid.uuid4().hex])
        return [
            CallState(ToolResult.understood(result) if result else None, bool(leased), bool(granted), float(latest or 0), epoch)
            for result, leased, granted, latest in zip(flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True)
        ]

    def epoch(self) -> str:
        """The time since Redis was last empty, by a name of its own."""
        return str(self._epoch(keys=[EPOCH_KEY], args=[uuid.uuid4().hex]))

    def in_window(self, run_id: str, turn: int) -> frozenset[CallKey]:
        """The calls that wait for a place in the turn's window: granted, and not yet published."""
        bells = cast("list[str]", self._redis.lrange(window_key(run_id, turn), 0, -1))
        return frozenset(found.call.key for bell in bells if (found := _doorbell(bell)))

    def forget(self, keys: Sequence[CallKey]) -> None:
        """Drops what is recorded elsewhere by now. That the calls were granted is not forgotten."""
        if keys:
            self._redis.delete(*(name for key in keys for name in (key.grant, key.lease, key.result)))

    def close(self, run_id: str, turn: int, keys: Sequence[CallKey]) -> None:
        """Ends calls that were answered otherwise: what was not claimed cannot start, not even if it is granted later, and
        what runs cannot answer."""
        names = [name for key in keys for name in (key.grant, key.lease, key.result, key.granted)]
        self._close(keys=[window_key(run_id, turn), *names], args=[_RESULT_TTL_MS])


def _doorbell(text: str) -> Doorbell | None:
    """One that another version wrote is not published by this one. Its call is sent again when no other of its turn runs."""
    try:
        return Doorbell.decode(text)
    except ValidationError:
        return None
