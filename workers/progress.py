"""What running tools say of how far they are, sent by a thread of its own."""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue
from typing import Final, NamedTuple

#: Beyond so many that wait, a newer word is dropped: nobody is served by one that comes late.
_WAITING: Final = 200


class Word(NamedTuple):
    """One call of `ToolContext.progress`."""

    task_id: str
    message: str
    fraction: float | None


class Progress:
    """One for each process, since a thread does not survive a fork. A tool never waits for Redis here, nor does the
    event loop that it shares with others."""

    def __init__(self, send: Callable[[Word], None], unsent: tuple[type[BaseException], ...]) -> None:
        """`send` may raise what `unsent` names: then nobody is told."""
        self._send = send
        self._unsent = unsent
        self._words: Queue[Word] = Queue(_WAITING)
        threading.Thread(target=self._run, name="toolchord-progress", daemon=True).start()

    def tell(self, word: Word) -> None:
        """Has the word sent, soon."""
        with suppress(Full):
            self._words.put_nowait(word)

    def _run(self) -> None:
        while True:
            word = self._words.get()
            with suppress(*self._unsent):
                self._send(word)
