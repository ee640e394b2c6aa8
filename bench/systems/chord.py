"""The bare Celery chord with its two workers."""

import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager

from bench.peers import chord as peer
from bench.peers.parts import connect
from bench.stage import Stage
from bench.systems.system import System
from orchestrator.processes.child import ProcessSpec

_REDIS_DATABASE = 1
_POOLS = {peer.TOOLS_QUEUE: 64, peer.TURNS_QUEUE: 16}


@contextmanager
def chord(stage: Stage) -> Generator[System]:
    """Has Redis to itself except for Toolchord, which is in another database of it and idle meanwhile."""
    redis_url = stage.redis_url(_REDIS_DATABASE)
    peer.app.conf.update(broker_url=redis_url, result_backend=redis_url)
    stage.start(*(_worker(stage, redis_url, queue, threads) for queue, threads in _POOLS.items()))
    try:
        with connect(stage.model_url) as client:
            yield System(
                name="chord",
                settings=peer.SETTINGS,
                ready=_both_answer,
                answer=lambda workload: peer.answer(client, workload.model, workload.messages),
            )
    finally:
        # A chord's results refer to each other; the collector ends them, and each end talks to Redis while it is there.
        gc.collect()


def _both_answer() -> bool:
    return len(peer.app.control.ping(timeout=0.5, limit=len(_POOLS)) or ()) == len(_POOLS)


def _worker(stage: Stage, redis_url: str, queue: str, threads: int) -> ProcessSpec:
    options = ("-Q", queue, "-P", "threads", "-c", str(threads), "-n", f"{queue}@%h", "--without-gossip", "--without-mingle")
    urls = {"CELERY_BROKER_URL": redis_url, "CELERY_RESULT_BACKEND": redis_url, "OPENAI_BASE_URL": stage.model_url}
    return ProcessSpec(
        name=f"chord-{queue}",
        role="worker of the bare chord",
        command=(sys.executable, "-m", "celery", "-A", peer.__name__, "worker", *options),
        environ=stage.environ | urls,
        log=stage.log(f"chord-{queue}"),
    )
