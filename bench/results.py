"""What was measured, as it is written to the file."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, computed_field

from bench.figures import Spread, ratio
from bench.machine import Machine
from bench.workloads import Workload


class Value(BaseModel):
    """Base of the file's values."""

    model_config = ConfigDict(frozen=True)


class Block(Value):
    """Runs of one system in a row."""

    wall_ms: tuple[float, ...] = Field(description="Each run, from the question to its answer.")
    elapsed_s: float = Field(description="All of them, by all clients.")


class SystemResult(Value):
    """One system under one workload."""

    name: str
    settings: str
    ideal_ms: int
    blocks: tuple[Block, ...]

    @computed_field
    @property
    def runs(self) -> int:
        """How many were measured."""
        return sum(len(block.wall_ms) for block in self.blocks)

    @computed_field
    @property
    def run_ms(self) -> Spread:
        """A run, from the question to its answer."""
        return Spread.of([wall_ms for block in self.blocks for wall_ms in block.wall_ms])

    @computed_field
    @property
    def overhead_ms(self) -> Spread:
        """What a run took beyond its ideal."""
        return self.run_ms.minus(self.ideal_ms)

    @computed_field
    @property
    def runs_per_s(self) -> Spread:
        return Spread.of([len(block.wall_ms) / block.elapsed_s for block in self.blocks])


class WorkloadResult(Value):
    """All systems under one workload."""

    workload: Workload
    systems: tuple[SystemResult, ...]

    def figure(self, system: SystemResult) -> Spread:
        """What the systems are compared by: runs a second where many clients ask, else overhead."""
        return system.runs_per_s if self.workload.clients > 1 else system.overhead_ms

    @computed_field
    @property
    def ratios(self) -> dict[str, dict[str, float | None]]:
        """For each system, how many times the others' median its own is."""
        medians = {system.name: self.figure(system).p50 for system in self.systems}
        return {ours: {theirs: ratio(medians[ours], medians[theirs]) for theirs in medians if theirs != ours} for ours in medians}


class Report(Value):
    """A whole benchmark."""

    created_at: datetime
    machine: Machine
    workloads: tuple[WorkloadResult, ...]
