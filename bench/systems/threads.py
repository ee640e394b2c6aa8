"""The loop in the client's own process."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench.peers import threads as peer
from bench.peers.parts import connect
from bench.stage import Stage
from bench.systems.system import System


@contextmanager
def threads(stage: Stage) -> Generator[System]:
    """Needs no process of its own."""
    with connect(stage.model_url) as client, ThreadPoolExecutor(peer.THREADS) as pool:
        yield System(
            name="threads",
            settings=peer.SETTINGS,
            ready=lambda: True,
            answer=lambda workload: peer.answer(client, pool, workload.model, workload.messages),
        )
