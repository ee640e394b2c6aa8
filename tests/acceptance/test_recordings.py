"""Recorded traffic of real providers through the whole path: HTTP in, each provider's wire against a server that gives its recorded
answers, tool workers, HTTP out."""

import json
from collections import Counter
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, NamedTuple

import pytest
from pydantic import JsonValue

from orchestrator.llm.records import PROVIDERS
from orchestrator.schemas.run import RunObject, ToolCallObject
from tests.acceptance.conftest import running
from tests.acceptance.ledger import Execution
from tests.acceptance.local import PATIENCE_S, STREAMED, Local
from tests.acceptance.recorded.conversations import Conversation, playable, recorded
from tests.acceptance.recorded.formats import Request
from tests.acceptance.recorded.said import Called
from tests.acceptance.recorded.server import RecordedServer
from tests.replay import CASSETTES

_CLIENTS: Final = 8
#: Azure was recorded in its older style; the scripted model is asked in the newer one.
_AZURE: Final = {"OPENAI_API_VERSION": "2024-10-21"}
_REQUEST_IDS: Final = ("x-request-id", "request-id", "apim-request-id")
_NONE: Final = pytest.param(None, id="none", marks=pytest.mark.skip(reason=f"there is no recorded traffic at {CASSETTES}"))

#: What an error's code or status means to the user of a run.
_BY_WORD: Final = {
    "tool_use_failed": "tool_use_failed",
    "insufficient_quota": "quota_exhausted",
    "content_filter": "content_filter",
    "context_length_exceeded": "context_length_exceeded",
    "model_not_found": "model_not_found",
}
_BY_STATUS: Final = {
    400: "invalid_request",
    401: "authentication_failed",
    402: "quota_exhausted",
    403: "permission_denied",
    404: "model_not_found",
    413: "context_length_exceeded",
    422: "invalid_request",
    429: "rate_limited",
}

pytestmark = pytest.mark.timeout(300)


class Played(NamedTuple):
    """A conversation's run, and what was seen of it elsewhere."""

    run: RunObject
    requests: list[Request]
    executions: list[Execution]


def _param(conversation: Conversation) -> Any:
    marks = [pytest.mark.skip(reason=conversation.problem)] if conversation.problem else []
    return pytest.param(conversation, id=conversation.name, marks=marks)


_ALL: Final = [_param(conversation) for conversation in recorded()]
_CALLING: Final = [_param(conversation) for conversation in playable() if conversation.calls]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Generator[Mapping[str, Played]]:
    """All conversations, several at a time, with one Toolchord for which one server stands for all providers."""
    with RecordedServer(playable()) as server:
        urls = {name: value for provider in PROVIDERS.values() for name, value in provider.at(server.url).items()}
        folder = tmp_path_factory.mktemp("recorded")
        with running(folder, "tests.acceptance.recorded.tools", urls | _AZURE) as local, ThreadPoolExecutor(_CLIENTS) as clients:
            runs = list(clients.map(partial(_play, local), playable()))
            yield {
                conversation.name: Played(run, server.requests(conversation), local.executions(run.id))
                for conversation, run in zip(playable(), runs, strict=True)
            }


def _play(local: Local, conversation: Conversation) -> RunObject:
    posted = local.post(
        f"{conversation.provider}/{conversation.model}",
        conversation.tool_names,
        wait_s=int(PATIENCE_S),
        messages=conversation.messages,
        max_turns=len(conversation.interactions) + 1,
        metadata={STREAMED: "yes"} if conversation.is_streamed else {},
    )
    assert posted.is_success, (conversation.name, posted.text)
    return local.ended(posted.json()["id"])


@pytest.mark.parametrize("conversation", _ALL or [_NONE])
def test_a_recorded_conversation_ends_as_it_did(conversation: Conversation, played: Mapping[str, Played]) -> None:
    """With the recorded answer, or the recorded error under a code of ours; where the recording ends with calls, the answer is the
    server's own."""
    run = played[conversation.name].run
    last = conversation.answers[-1]

    if last.error is None:
        assert (run.error, run.status, run.output) == (None, "incomplete" if last.is_cut else "completed", conversation.text)
        return
    assert run.error is not None
    assert (run.status, run.error.code, run.error.provider) == ("failed", _code(conversation), conversation.provider)
    assert run.error.request_id == (_request_id(conversation, -1) or last.id)


@pytest.mark.parametrize("conversation", _CALLING or [_NONE])
def test_recorded_calls_are_made_once(conversation: Conversation, played: Mapping[str, Played]) -> None:
    """In their order, under the recorded ids, with the recorded arguments; the last of an answer that was cut off is not."""
    run, _, executions = played[conversation.name]
    made = {execution.began.call_id: execution.began for execution in executions}

    assert [(call.turn, _as_called(call)) for call in run.tool_calls] == conversation.calls
    assert Counter(execution.began.call_id for execution in executions) == Counter(call.id for call in _runnable(conversation, run))
    assert [(made[call.id].tool, made[call.id].arguments) for call in _runnable(conversation, run)] == [
        (call.name, json.loads(call.arguments or "{}")) for call in _runnable(conversation, run)
    ]


@pytest.mark.parametrize("conversation", _CALLING or [_NONE])
def test_all_results_come_in_one_request(conversation: Conversation, played: Mapping[str, Played]) -> None:
    """The next one after the calls, in their order, and nothing after them."""
    run, requests, _ = played[conversation.name]
    answered = [index for index, answer in enumerate(conversation.answers, 1) if answer.calls]

    for turn, index in zip(sorted({call.turn for call in run.tool_calls}), answered, strict=True):
        messages = requests[index].read().messages
        calls = [call for call in run.tool_calls if call.turn == turn]
        results = messages[-len(calls) :]
        assert [message.role for message in messages[-len(calls) - 1 :]] == ["assistant", *("tool" for _ in calls)]
        assert [_value(message.text) for message in results] == [_value(call.content or "") for call in calls]
        assert [message.tool_call_id for message in results] == [call.id for call in messages[-len(calls) - 1].calls]
    if conversation.answers[-1].error is None:
        assert len(requests) == len(conversation.answers) + bool(conversation.answers[-1].calls)


@pytest.mark.parametrize("conversation", _ALL or [_NONE])
def test_every_request_is_legal(conversation: Conversation, played: Mapping[str, Played]) -> None:
    """By checks that share nothing with the wires, and to the end streamed or not."""
    for request in played[conversation.name].requests:
        request.check()
        assert request.is_streamed == conversation.is_streamed


@pytest.mark.parametrize("conversation", _ALL or [_NONE])
def test_turns_tell_who_answered(conversation: Conversation, played: Mapping[str, Played]) -> None:
    """The provider, its id of the model call, and its count of tokens."""
    run = played[conversation.name].run
    answered = [index for index, answer in enumerate(conversation.answers) if answer.error is None]

    for turn, index in zip(run.turns, answered, strict=False):
        assert turn.provider == conversation.provider
        assert turn.request_id == (_request_id(conversation, index) or turn.request_id)
        assert turn.usage.total_tokens == conversation.answers[index].tokens


def _as_called(call: ToolCallObject) -> Called:
    return Called(call.provider_call_id, call.name, _value(call.arguments or "{}"))


def _runnable(conversation: Conversation, run: RunObject) -> list[ToolCallObject]:
    """The calls that must run."""
    turns = [answer for answer in conversation.answers if answer.error is None]
    cut = {(turn, len(answer.calls) - 1) for turn, answer in enumerate(turns, 1) if answer.is_cut}
    return [call for call in run.tool_calls if (call.turn, call.index) not in cut and isinstance(_value(call.arguments or "{}"), dict)]


def _value(text: str) -> JsonValue:
    """The value of a text that is JSON, or the text."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def _code(conversation: Conversation) -> str:
    error, status = conversation.answers[-1].error, conversation.interactions[-1].status
    named = error.get("code")
    if isinstance(named, int):
        status = named
    return _BY_WORD.get(str(named)) or _BY_STATUS.get(status, "provider_unavailable")


def _request_id(conversation: Conversation, index: int) -> str | None:
    headers = conversation.interactions[index].headers
    return next((headers[name] for name in _REQUEST_IDS if name in headers), None)
