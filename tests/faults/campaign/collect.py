"""What is read when a campaign is over: the runs as the service tells them, what was left over, what was counted."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from httpx2 import Client

from orchestrator.llm.scripted.log import ReceivedRequest
from orchestrator.schemas.run import RunObject
from tasks.names import EPOCH_KEY, STALE_RESULTS_KEY, WORKERS_KEY
from tests.faults import history
from tests.faults.campaign import machine
from tests.faults.campaign.rig import Rig, http
from tests.faults.history import ClientOp, Leftovers, ModelRequest
from tests.faults.poison import CONTENT as POISON

_PAGE: Final = 100
#: Kept for as long as Redis lives, however many runs there are.
_CONSTANT_KEYS: Final = frozenset({EPOCH_KEY, WORKERS_KEY, STALE_RESULTS_KEY, "unacked", "unacked_index", "unacked_mutex"})
_BINDINGS: Final = "_kombu.binding"
_OLD_TRANSACTIONS: Final = """
select coalesce(application_name, '') || ': ' || state from pg_stat_activity
where state like 'idle in transaction%' and xact_start < now() - interval '5 s'
"""
_STEP_LEASES: Final = "select id from runs where status not in ('queued', 'in_progress') and step_lease_until is not null"
#: Model steps that were claimed again.
_RECLAIMED: Final = "select coalesce(sum(greatest(0, step_attempt - turn)), 0) from runs"


def runs(rig: Rig) -> int:
    """Writes every run that the service has, with its events; gives their number."""
    number = 0
    with http(rig.api_url, 30.0) as api:
        for run_id in _ids(api):
            run = RunObject.model_validate_json(api.get(f"/v1/runs/{run_id}").raise_for_status().content)
            history.append(rig.folder / history.RUNS, run)
            for event in _events(api, run_id):
                history.append(rig.folder / history.EVENTS, event)
            number += 1
    return number


def requests(rig: Rig, wall_offset_s: float) -> None:
    """Writes what the model received, by our clock."""
    for line in (rig.folder / "requests.jsonl").read_bytes().splitlines():
        received = ReceivedRequest.model_validate_json(line)
        body = received.body if isinstance(received.body, dict) else {}
        request = ModelRequest.model_validate(
            {
                "at": received.received_at.timestamp() - wall_offset_s,
                "script": body.get("model", ""),
                "messages": body.get("messages", ()),
            }
        )
        history.append(rig.folder / history.MODEL, request)


def counters(rig: Rig) -> Counter[str]:
    """How often each event was logged, and how often each path of recovery was taken."""
    counted: Counter[str] = Counter()
    for log in rig.logs():
        counted.update(_logged(log))
    found = history.History.load(rig.folder)
    counted[history.REDISPATCH] = sum(call.attempt - 1 for run in found.runs for call in run.tool_calls)
    counted[history.LOST] = sum(call.status == "lost" for run in found.runs for call in run.tool_calls)
    counted[history.HANDED_BACK] = counted["call_handed_back"]
    counted[history.REPLAY] = _replays(found.ops)
    counted[history.RECLAIM] = int(rig.sql(_RECLAIMED)[0][0])
    return counted


def leftovers(rig: Rig, canaries: Iterable[str]) -> Leftovers:
    """What is still there although nothing is under way. Processes of ours that no process of ours has started count too."""
    with rig.redis() as redis:
        keys = [str(key) for key in redis.scan_iter(count=1000)]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType] - not typed
        endless = [key for key in keys if int(str(redis.ttl(key))) == -1 and not _is_constant(key)]
    ours = {pid for name in (*rig.wards, "postgres", "redis") for pid in machine.tree(rig.pid(name))}
    return Leftovers(
        redis_keys_without_ttl=tuple(sorted(endless)),
        leases=tuple(key for key in keys if key.endswith(":lease")) + tuple(str(row[0]) for row in rig.sql(_STEP_LEASES)),
        processes=tuple(f"{pid} {line}" for pid, line in machine.of_folder(rig.folder).items() if pid not in ours and line),
        transactions=tuple(str(row[0]) for row in rig.sql(_OLD_TRANSACTIONS)),
        canaries=tuple(_sightings(rig, tuple(canaries))),
    )


def wall_offset_s() -> float:
    """Between this machine's two clocks."""
    return time.time() - time.monotonic()


def _ids(api: Client) -> Iterator[str]:
    after: str | None = None
    while True:
        page = api.get("/v1/runs", params={"limit": _PAGE} | ({"after": after} if after else {})).raise_for_status().json()
        for run in page["data"]:
            after = str(run["id"])
            yield after
        if not page["has_more"]:
            return


def _events(api: Client, run_id: str) -> Iterator[history.Event]:
    after = 0
    while True:
        answer = api.get(f"/v1/runs/{run_id}/events", params={"after": after, "limit": _PAGE}).raise_for_status().json()
        for event in answer["data"]:
            after = int(event["seq"])
            yield history.Event.model_validate({"run_id": run_id, **event})
        if not answer["has_more"]:
            return


def _logged(log: Path) -> Iterator[str]:
    """The names of our own events; the libraries' are sentences."""
    for line in log.read_text(errors="replace").splitlines():
        try:
            event = json.loads(line).get("event", "") if line.startswith("{") else ""
        except ValueError:
            continue
        if isinstance(event, str) and event.isidentifier():
            yield event


def _replays(ops: Iterable[ClientOp]) -> int:
    accepted = Counter(op.key for op in ops if op.op == "start" and op.outcome == "ok")
    return sum(count - 1 for count in accepted.values())


def _is_constant(key: str) -> bool:
    return key in _CONSTANT_KEYS or key.startswith(_BINDINGS)


def _sightings(rig: Rig, canaries: tuple[str, ...]) -> Iterator[str]:
    """Files of ours in which a canary is: logs, and all that was ever written to Redis. What is put into a queue by the
    nemesis is looked for in logs only."""
    for path in rig.logs():
        yield from _found((*canaries, POISON), path)
    for path in (rig.folder / "data" / "redis").rglob("*.aof"):
        yield from _found(canaries, path)


def _found(canaries: tuple[str, ...], path: Path) -> Iterator[str]:
    content = path.read_bytes()
    return (f"{canary} in {path.name}" for canary in canaries if canary.encode() in content)
