"""Celery's Redis backend without subscriptions: it joins chords, and nobody waits on an AsyncResult."""

from typing import Any, cast

from celery.backends.redis import RedisBackend

from tasks.failpoints import reach


class ChordBackend(RedisBackend):
    """Counts the parts of chords. Celery subscribes to the result of every task that it publishes, on a connection that
    a process which never reads results never drains (celery issues 3808 and 6963)."""

    def on_task_call(self, producer: Any, task_id: str) -> None:
        """Nobody will ask for this task's result."""

    def on_chord_part_return(self, request: Any, state: Any, result: Any, propagate: Any = None, **kwargs: Any) -> None:
        """Counts a part that has returned, and publishes the chord's body after the last."""
        reach("part.counting")
        super().on_chord_part_return(request, state, result, propagate, **kwargs)
        reach("part.counted")

    def add_to_chord(self, group_id: str, result: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Lets the chord count one more part. Celery gives the number no end: that of a chord which never joins would stay."""
        total = self.get_key_for_group(group_id, ".t")
        with self.client.pipeline() as pipe:
            pipe.incr(total).expire(total, int(cast("Any", self).app.conf.result_chord_expires)).execute()
        reach("chord.grown")

    def add_pending_result(self, result: Any, weak: bool = False, start_drainer: bool = True) -> Any:  # noqa: ARG002, FBT001, FBT002 - Celery's
        """A result is not waited for."""
        return result

    def add_pending_results(self, results: Any, weak: bool = False) -> None:  # noqa: FBT001, FBT002 - Celery's signature
        """Results are not waited for."""

    def remove_pending_result(self, result: Any) -> Any:
        """There is nothing to take back."""
        return result
