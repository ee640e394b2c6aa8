"""Work that a request does not wait for."""

import threading

from orchestrator.background import Background


def test_what_is_asked_for_is_done_in_order() -> None:
    """One after another, on another thread."""
    done: list[str] = []
    last = threading.Event()

    def work(argument: str) -> None:
        done.append(argument)
        if argument == "c":
            last.set()

    background = Background(work)
    for argument in "abc":
        background(argument)

    assert last.wait(30)
    assert done == ["a", "b", "c"]


def test_nobody_waits_for_what_hangs() -> None:
    """What finds no room is left out, and the caller goes on."""
    hangs = threading.Event()
    called: list[str] = []

    def work(argument: str) -> None:
        called.append(argument)
        hangs.wait(30)

    background = Background(work)
    for number in range(5000):
        background(str(number))
    hangs.set()

    assert len(called) <= 1


def test_what_is_under_way_is_done_before_the_end() -> None:
    """Whoever closes can then close what it works with."""
    done: list[str] = []
    background = Background(done.append)
    for argument in "abc":
        background(argument)
    background.close()

    assert done == ["a", "b", "c"]


def test_a_failure_ends_nothing() -> None:
    """What comes after it is done."""
    done = threading.Event()

    def work(argument: str) -> None:
        if argument == "bad":
            raise ValueError
        done.set()

    background = Background(work)
    background("bad")
    background("good")

    assert done.wait(30)
