"""The failures of the field: none of them is ours."""

import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from orchestrator import chat, history
from orchestrator.llm.errors import ModelError
from orchestrator.llm.model import ModelReply, ModelRequest, ToolOffer
from orchestrator.llm.reply import Verdict, check_usable, judge
from orchestrator.messages import AssistantMessage, Message
from orchestrator.store.chain import Link
from orchestrator.tables import Run, ToolCall, Turn
from orchestrator.transcript import IllegalTranscript
from tasks.messages import Outcome
from tests.integration.loop import Make
from tests.reports.outline import outline
from tests.reports.report import QUESTION, TOOLS, Answer, Extraction, History, Made, Scenario
from tests.reports.service import Client, Providers
from tests.reports.table import REPORTS, cases


def _named(kind: Any) -> list[Any]:
    return [pytest.param(name, case, id=name.replace(" ", "-")) for name, case in cases(kind)]


def _request(case: Answer | History, messages: Sequence[Message]) -> ModelRequest:
    offers = tuple(map(ToolOffer.of, TOOLS.values()))
    return ModelRequest.model_validate({"model": case.model, "messages": messages, "tools": offers, "timeout_s": 10, **case.options})


def test_every_report_is_in_the_table() -> None:
    """Once each, with a case."""
    assert [report.number for report in REPORTS] == list(range(1, 74))
    assert all(report.cases for report in REPORTS)


@pytest.mark.parametrize(("name", "case"), _named(Answer))
def test_what_a_provider_sends_is_read_as_it_was_meant(providers: Providers, name: str, case: Answer) -> None:
    """The calls that are run are those of the model, under ids of their own; else there is a typed error."""
    request = _request(case, (*case.before, QUESTION)).model_copy(update={"stream": case.streamed})
    if case.fails is not None:
        with pytest.raises(ModelError) as caught:
            check_usable(providers.ask(name, request), tools_offered=True)
        assert (caught.value.code, caught.value.retryable) == case.fails
        return
    reply = providers.ask(name, request)
    check_usable(reply, tools_offered=True)
    taken = {call.id for message in case.before if isinstance(message, AssistantMessage) for call in message.calls}
    verdict = judge(reply, TOOLS, 1, taken, 100)

    assert _made(verdict, case.makes) == case.makes
    ids = [call.tool_call_id for call in verdict.calls]
    assert len({*ids, *taken}) == len(ids) + len(taken)
    assert verdict.content == case.content
    streams = [bool(cast("Any", each.body).get("stream")) or "stream" in each.path for each in providers.received(name)]
    assert streams == ([True, False] if case.repeated else [case.streamed])
    if case.sends is not None:
        providers.ask(name, _request(case, _continued(case, reply, verdict)))
        assert outline(cast("Any", providers.received(name)[-1].body)) == case.sends


def _made(verdict: Verdict, expected: Sequence[Made]) -> tuple[Made, ...]:
    """The calls; what the expected one does not tell is left out."""
    found: list[Made] = []
    for index, call in enumerate(verdict.calls):
        told = expected[index] if index < len(expected) else Made("", {}, "")
        error = json.loads(call.answer.content)["error"]["code"] if call.answer is not None else None
        arguments = None if told.arguments is None else json.loads(call.arguments)
        found.append(Made(call.name, arguments, call.tool_call_id if told.id is not None else None, error))
    return tuple(found)


def _continued(case: Answer, reply: ModelReply, verdict: Verdict) -> Sequence[Message]:
    """The conversation with the turn and its results, as it comes back from where it is stored."""
    turn = Turn(turn=1, content=verdict.content, refusal=verdict.refusal, provider=reply.provider, raw=json.loads(json.dumps(reply.raw)))
    calls = [
        ToolCall(
            turn=1,
            call_index=index,
            tool_call_id=call.tool_call_id,
            name=call.name,
            arguments=call.arguments,
            content=call.answer.content if call.answer else f"result {index}",
            status=call.answer.outcome if call.answer else Outcome.SUCCEEDED,
        )
        for index, call in enumerate(verdict.calls)
    ]
    run = Run(messages=[chat.as_chat(message) for message in (*case.before, QUESTION)])
    return history.conversation([Link(run, [turn], calls)])


@pytest.mark.parametrize(("name", "case"), _named(History))
def test_a_conversation_is_sent_as_its_provider_takes_it(providers: Providers, name: str, case: History) -> None:
    """The format's own check takes it; a conversation that no provider takes is not sent at all."""
    request = _request(case, case.messages)
    if case.illegal is not None:
        with pytest.raises(IllegalTranscript) as caught:
            providers.ask(name, request)
        assert (caught.value.path, providers.received(name)) == (case.illegal, [])
        return
    reply = providers.ask(name, request)

    (sent,) = providers.received(name)
    body = cast("dict[str, Any]", sent.body)
    assert case.sends is None or outline(body) == case.sends
    assert not body.keys() & set(case.without)
    assert tuple(warning.code for warning in reply.warnings) == case.warns


@pytest.mark.parametrize(("name", "case"), _named(Scenario))
def test_a_run_loses_nothing_and_does_nothing_twice(make: Make, name: str, case: Scenario) -> None:
    """Whatever happens to its calls."""
    del name
    case.play(make)


@pytest.mark.parametrize(("name", "case"), _named(Extraction))
def test_typed_calls_come_back_from_every_format(program: Client, name: str, case: Extraction) -> None:
    """All of them, in order, or what the model said instead."""
    del name
    case.play(program)
