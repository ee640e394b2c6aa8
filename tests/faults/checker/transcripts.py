"""Invariants of what is said: by the stored transcript, by each request to the model, and by the events."""

from collections import Counter
from collections.abc import Iterator, Sequence

from orchestrator.schemas.run import RunObject, ToolCallObject
from orchestrator.transcript import IllegalTranscript, check
from tests.faults.checker.finding import Finding, found
from tests.faults.checker.view import Message, View, asked_ids, is_over, place_of, said
from tests.faults.history import Event, ModelRequest


def calls_have_one_answer(view: View) -> Iterator[Finding]:
    """I03: of the calls in the stored messages each has one tool message, and no tool message is for anything else."""
    for run in view.history.runs:
        asked = Counter(asked_ids(run.messages))
        answers = [message for message in run.messages if message["role"] == "tool"]
        answered = Counter(str(message["tool_call_id"]) for message in answers)
        for name in asked - Counter(set(asked)):
            yield found(f"The call id {name} occurs twice.", run, *_of_id(run, name))
        for name in asked.keys() | answered.keys():
            if answered[name] > 1 or not asked[name] or (not answered[name] and is_over(run)):
                yield found(
                    f"The call id {name} was asked {asked[name]} times and answered {answered[name]} times.", run, *_of_id(run, name)
                )


def answers_are_those_of_the_rows(view: View) -> Iterator[Finding]:
    """I03: the tool messages are the answers of the calls, in the calls' order, and no call of an ended run is open."""
    for run in view.history.runs:
        told = [(message["tool_call_id"], message["content"]) for message in said(run) if message["role"] == "tool"]
        if told != [(call.tool_call_id, call.content) for call in run.tool_calls if call.content is not None]:
            yield found("The tool messages are not the calls' answers in the calls' order.", run, *run.tool_calls, *said(run))
        for call in run.tool_calls:
            if is_over(run) and (call.outcome is None or call.outcome.value != call.status or call.content is None):
                yield found("The run has ended and its call has not.", run, call)


def calls_end_once(view: View) -> Iterator[Finding]:
    """I03: each answered call has one event that says so, with the same outcome."""
    for run in view.history.runs:
        rows = {(call.turn, call.index): call for call in run.tool_calls}
        ends: dict[tuple[int, int], list[Event]] = {}
        for event in view.events_of(run, "tool_call.completed"):
            ends.setdefault(place_of(event), []).append(event)
        for place in rows.keys() | ends.keys():
            yield from _ended_once(run, rows.get(place), ends.get(place, []))


def _ended_once(run: RunObject, call: ToolCallObject | None, ends: Sequence[Event]) -> Iterator[Finding]:
    if call is None:
        yield found("A call ended that is not there.", run, *ends)
    elif len(ends) != (0 if call.outcome is None else 1):
        yield found(f"The call's end was told {len(ends)} times.", call, *ends)
    elif ends and ends[0].data.get("outcome") != call.status:
        yield found("The call's end was told with another outcome.", call, *ends)


def runs_have_one_final_message(view: View) -> Iterator[Finding]:
    """I04: the model's last word is said once, nothing follows it, and it is the run's output."""
    for run in view.history.runs:
        messages = said(run)
        finals = [message for message in messages if message["role"] == "assistant" and not message.get("tool_calls")]
        if len(finals) > 1:
            yield found("The run has two final messages.", run, *finals)
        elif finals and finals[0] is not messages[-1]:
            yield found("Something was said after the final message.", run, *messages[list(messages).index(finals[0]) :])
        elif run.status == "completed" and (not finals or run.output != finals[0].get("content")):
            yield found("The completed run's output is not its final message.", run, *messages[-1:])


def stored_transcripts_are_legal(view: View) -> Iterator[Finding]:
    """I05: a provider would take what is stored of every run that has ended."""
    for run in view.history.runs:
        error = _illegal(run.messages) if is_over(run) else None
        if error:
            yield found(f"The stored transcript is illegal: {error}.", run, *run.messages)


def sent_transcripts_are_legal(view: View) -> Iterator[Finding]:
    """I05: a provider would take every request that the model received."""
    for request in view.history.requests:
        error = _illegal(request.messages)
        if error:
            yield found(f"An illegal transcript was sent: {error}.", request, *request.messages)


def the_model_reads_what_is_stored(view: View) -> Iterator[Finding]:
    """I10: each request holds what was stored before that turn, to the letter: all answers of all earlier turns."""
    for run in view.history.runs:
        legal = _prefixes(run)
        for request in view.requests.get(run.model, ()):
            if list(request.messages) not in legal:
                yield found("The model was asked with other messages than those stored.", run, *_difference(request, legal))


def requests_belong_to_runs(view: View) -> Iterator[Finding]:
    """I10: no request is made for a run that is not stored."""
    scripts = {run.model for run in view.history.runs}
    for request in view.history.requests:
        if request.script not in scripts:
            yield found("The model was asked for a run that is not there.", request)


def _illegal(messages: Sequence[Message]) -> str | None:
    try:
        check(messages)
    except IllegalTranscript as error:
        return str(error)
    return None


def _prefixes(run: RunObject) -> list[list[Message]]:
    """The transcripts that the run's model calls may have had: before each reply, and all of it while none had come."""
    start = len(run.messages) - len(said(run))
    cuts = [place for place in range(start, len(run.messages)) if run.messages[place]["role"] == "assistant"]
    is_final = cuts and not run.messages[cuts[-1]].get("tool_calls")
    return [list(run.messages[:cut]) for cut in (cuts if is_final else [*cuts, len(run.messages)])]


def _difference(request: ModelRequest, legal: Sequence[Sequence[Message]]) -> Iterator[ModelRequest | Message | str]:
    """The request, and its first message that differs from the transcript of the same length, or else the nearest one."""
    yield request
    nearest = min(legal, key=lambda messages: abs(len(messages) - len(request.messages)))
    yield f"{len(request.messages)} messages were sent; {', '.join(str(len(messages)) for messages in legal)} are what was stored."
    for sent, stored in zip(request.messages, nearest, strict=False):
        if sent != stored:
            yield from ("sent:", sent, "stored:", stored)
            return


def _of_id(run: RunObject, name: str) -> list[Message]:
    return [message for message in run.messages if message.get("tool_call_id") == name or name in asked_ids([message])]
