"""Whatever is taken out of a clean history, or put in twice, is seen, wherever it is."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.checker import check
from tests.unit.faults.drafts import Draft, clean

#: A clean history has no more records of any kind than this.
_MANY = 1000

#: A busy machine may take its time for each.
FEW = settings(deadline=None, max_examples=60)

_places = st.integers(min_value=0, max_value=_MANY)


def _seen(draft: Draft) -> set[str]:
    return {violation.invariant for violation in check(draft.history())}


@FEW
@given(place=_places)
def test_a_lost_event_is_a_gap_or_a_run_without_an_end(place: int) -> None:
    """The numbers tell, and after the last number the missing end does."""
    draft = clean()
    draft.events.pop(place % len(draft.events))

    assert _seen(draft) & {"I01", "I11"}


@FEW
@given(place=_places)
def test_an_event_that_was_never_written_is_missed(place: int) -> None:
    """With the numbers closed up each kind is missed by what it tells, but for a tool's start, which is a hint."""
    draft = clean()
    event = draft.events.pop(place % len(draft.events))
    draft.renumber()

    assert bool(_seen(draft)) == (event.type != "tool_call.started")


@FEW
@given(place=_places, distance=_places)
def test_an_event_written_twice_is_noticed(place: int, distance: int) -> None:
    """However much later the second one is, and though it has a number of its own."""
    draft = clean()
    place %= len(draft.events)
    later = place + distance % (len(draft.events) - place)
    draft.events.insert(later + 1, draft.events[place])
    draft.renumber()

    assert _seen(draft)


@FEW
@given(run=_places, place=_places, twice=st.booleans())
def test_a_message_lost_or_doubled_is_noticed(run: int, place: int, twice: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
    """The input, a reply, an answer: each is in its place once."""
    draft = clean()
    run %= len(draft.runs)
    messages = list(draft.runs[run].messages)
    place %= len(messages)
    messages[place : place + 1] = [messages[place]] * 2 * twice
    draft.edit_run(run, messages=messages)

    assert _seen(draft)


@FEW
@given(run=_places, twice=st.booleans())
def test_a_turn_lost_or_doubled_is_noticed(run: int, twice: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
    """Its reply, its usage and its number are missed, or there once too often."""
    draft = clean()
    run %= len(draft.runs)
    turns = draft.runs[run].turns
    draft.edit_run(run, turns=[*turns, turns[-1]] if twice else turns[:-1])

    assert _seen(draft) & {"I09"}


@FEW
@given(place=_places)
def test_an_execution_twice_is_noticed(place: int) -> None:
    """A grant is claimed once."""
    draft = clean()
    draft.executions.append(draft.executions[place % len(draft.executions)])

    assert "I08" in _seen(draft)


@FEW
@given(place=_places)
def test_the_execution_that_was_answered_is_missed(place: int) -> None:
    """Others may never have begun: their messages were lost, or their runs cancelled."""
    draft = clean()
    gone = draft.executions.pop(place % len(draft.executions)).began
    answered = {call.id: call.attempt for run in draft.runs for call in run.tool_calls if call.status == "succeeded"}

    assert ("I07" in _seen(draft)) == (answered.get(gone.call_id) == gone.attempt)


@FEW
@given(place=_places)
def test_a_request_that_the_model_never_got_is_missed(place: int) -> None:
    """There is no reply without one."""
    draft = clean()
    draft.requests.pop(place % len(draft.requests))

    assert _seen(draft) == {"I09"}


@FEW
@given(place=_places)
def test_a_run_that_is_gone_is_missed(place: int) -> None:
    """By the client that has its id, by the model and by the tools."""
    draft = clean()
    draft.runs.pop(place % len(draft.runs))

    assert {"I01", "I10"} <= _seen(draft)
