"""The count of attempts."""

from orchestrator.llm.scripted.attempts import AttemptCounter


def test_attempts_are_counted_by_script_and_conversation() -> None:
    """Each pair has a count of its own."""
    counter = AttemptCounter()

    assert [counter.next(*key) for key in (("a", b"1"), ("a", b"1"), ("a", b"2"), ("b", b"1"), ("a", b"1"))] == [1, 2, 1, 1, 3]


def test_one_script_can_be_forgotten() -> None:
    """The others go on."""
    counter = AttemptCounter()
    counter.next("a", b"1")
    counter.next("b", b"1")

    counter.clear("a")

    assert (counter.next("a", b"1"), counter.next("b", b"1")) == (1, 2)


def test_all_can_be_forgotten() -> None:
    """With no script named."""
    counter = AttemptCounter()
    counter.next("a", b"1")

    counter.clear()

    assert counter.next("a", b"1") == 1


def test_the_oldest_counts_are_forgotten_first() -> None:
    """The counter is bounded, and asking keeps a count alive."""
    counter = AttemptCounter(most=2)
    for conversation in (b"1", b"2", b"1", b"3"):
        counter.next("a", conversation)

    assert (counter.next("a", b"1"), counter.next("a", b"2")) == (3, 1)
