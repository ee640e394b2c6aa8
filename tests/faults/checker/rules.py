"""What a history is held to: the promised bounds, and what a campaign must have done to count."""

from collections.abc import Mapping
from typing import Final

from pydantic import Field

from tests.faults.history import Record

#: Statuses that a run never leaves.
TERMINAL: Final = frozenset({"completed", "incomplete", "failed", "cancelled"})


class Demands(Record):
    """What must have happened at least: a campaign that hit nothing has shown nothing."""

    completed_runs: int = 0
    fault_kinds: frozenset[str] = Field(default=frozenset(), description="Each was there at least once while work was in flight.")
    recovery_paths: frozenset[str] = Field(default=frozenset(), description="Counters that are not zero.")
    leftovers: bool = Field(default=False, description="What was left over was looked for.")


class Rules(Record):
    """Bounds. Those of time are promised by G6, or by the page on reliability; slack is for the clocks and the machine."""

    slack_s: float = Field(default=0.5, description="Between two clocks, or a change and the answer that tells of it.")
    claim_race_s: float = Field(default=2.0, description="A call that is being claimed while its run is cancelled may begin so late.")
    cancel_s: float = Field(default=5.0, description="A cancelled run's tools are stopped within this.")
    cancel_slack_s: float = Field(default=2.0, description="On top of it, on a machine that does much else.")
    blinding: tuple[str, ...] = Field(
        default=("redis", "network", "stop_"),
        description="Words in the kinds or targets of faults during which a cancel cannot reach the workers.",
    )
    blinded_s: float = Field(default=20.0, description="So long after such a fault workers may not have heard of it yet.")
    heal_s: float = Field(default=120.0, description="Every run has ended so long after the last fault, or after its start.")
    recovery_s: Mapping[str, float] = Field(
        default={"redis": 10.0, "postgres": 10.0, "redis_flushall": 20.0}, description="By the beginning of a fault's kind: the longest."
    )
    slowness: float = Field(default=1.0, description="Recovery may take so many times as long: for machines that do much else.")
    other_recovery_s: float = Field(default=20.0, description="Of all other faults.")
    requests_per_claim: int = Field(default=4, description="Requests that one claimed model step may send: its retries.")
    content_bytes: int = Field(default=66_000, description="Of one tool message.")
    event_bytes: int = Field(default=4_096, description="Of one event's data.")
    events_per_run: int = 10_000
    demands: Demands = Demands()

    def recovery_bound_s(self, kind: str) -> float:
        """The longest that work may stand still after a fault."""
        known = [start for start in self.recovery_s if kind.startswith(start)]
        return self.slowness * (self.recovery_s[max(known, key=len)] if known else self.other_recovery_s)
