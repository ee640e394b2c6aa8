"""What running tools say of themselves, told without making them wait."""

import threading

from workers.progress import Progress, Word


def test_words_are_sent_in_order() -> None:
    """One that cannot be sent is left out."""
    sent: list[str] = []
    last = threading.Event()

    def send(word: Word) -> None:
        if word.message == "unsendable":
            raise OSError
        sent.append(word.message)
        if word.message == "c":
            last.set()

    progress = Progress(send, (OSError,))
    for message in ("a", "unsendable", "b", "c"):
        progress.tell(Word("t", message, None))

    assert last.wait(60)
    assert sent == ["a", "b", "c"]


def test_a_tool_does_not_wait_for_a_broker_that_hangs() -> None:
    """What nobody takes is dropped."""
    hanging = threading.Event()

    def send(_: Word) -> None:
        hanging.wait(60)

    progress = Progress(send, ())

    for _ in range(1000):
        progress.tell(Word("t", "again", None))

    hanging.set()
