"""A system under measurement."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.workloads import Message, Workload


@dataclass(frozen=True, slots=True)
class System:
    """A way from a question to its answer."""

    name: str
    #: How it is set up, for who reads the figures.
    settings: str
    #: Whether its processes can answer by now.
    ready: Callable[[], bool]
    #: Makes one run and gives its transcript. Safe for as many threads as the workload has clients.
    answer: Callable[[Workload], list[Message]]
