"""Each provider that Toolchord knows, asked in its own format, of which the scripted model speaks all."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, product
from typing import Any, Final, NamedTuple

import pytest
from pydantic import JsonValue

from orchestrator.llm.records import PROVIDERS
from orchestrator.llm.scripted import Reply, ScriptedCall, TokenCounts
from orchestrator.llm.scripted.log import ReceivedRequest
from orchestrator.schemas.run import RunObject
from tests.acceptance.local import Local, asking
from tests.acceptance.recorded.formats import Request
from tests.acceptance.recorded.signatures import signatures

_CLIENTS: Final = 8
_TOOLS: Final = ["fail", "nap", "ping"]
_TOKENS: Final = TokenCounts(prompt_tokens=100, completion_tokens=20, cached_tokens=40, reasoning_tokens=5)
_WAYS: Final = tuple(product(PROVIDERS, (False, True)))
_FAILING: Final = (
    ScriptedCall.of("nap", label="a", seconds=0.1),
    ScriptedCall.of("fail", way="tool_failed", words="no luck"),
    ScriptedCall.of("ping", note="c"),
)
#: Their reasoning is signed, or belongs to the calls that it led to.
_SIGNING: Final = ("anthropic", "azure-responses", "google", "openai-responses", "openrouter", "vertex")
#: One for each format.
_MOVES: Final = tuple(combinations(("anthropic", "google", "openai", "openai-responses", "openrouter"), 2))

pytestmark = pytest.mark.timeout(300)


class Asked(NamedTuple):
    """A run, and what its model received."""

    run: RunObject
    received: list[ReceivedRequest]

    @property
    def requests(self) -> list[Request]:
        return [Request(each.path, each.body) for each in self.received]


@pytest.fixture(scope="module")
def asked(local: Local) -> Mapping[tuple[str, bool], Asked]:
    """A question to every provider, streamed and not, with three calls, of which one fails."""

    def ask(way: tuple[str, bool]) -> RunObject:
        provider, streamed = way
        replies = asking(*_FAILING, usage=_TOKENS), Reply(content="One failed.", usage=_TOKENS)
        return local.run(*replies, tools=_TOOLS, provider=provider, stream=streamed)

    with ThreadPoolExecutor(_CLIENTS) as clients:
        runs = list(clients.map(ask, _WAYS))
    received = local.received_by(runs)
    return {way: Asked(run, received[run.id]) for way, run in zip(_WAYS, runs, strict=True)}


@pytest.mark.parametrize("way", _WAYS, ids=str)
def test_every_provider_is_told_of_success_and_failure(way: tuple[str, bool], asked: Mapping[tuple[str, bool], Asked]) -> None:
    """In one request, in the calls' order; a failed call by the provider's own flag where it has one, else by its text."""
    run, (first, second) = asked[way].run, asked[way].requests

    assert (run.status, run.output, run.error) == ("completed", "One failed.", None)
    assert [(call.name, call.status) for call in run.tool_calls] == [("nap", "succeeded"), ("fail", "failed"), ("ping", "succeeded")]
    assert [_text(message.text) for message in second.read().messages[-3:]] == [_text(call.content or "") for call in run.tool_calls]
    assert _marks(PROVIDERS[way[0]].capabilities.error_flag, second.body) == [False, True, False]
    assert (first.is_streamed, second.is_streamed) == (way[1], way[1])


@pytest.mark.parametrize("way", _WAYS, ids=str)
def test_every_turn_tells_its_provider_and_its_tokens(way: tuple[str, bool], asked: Mapping[tuple[str, bool], Asked]) -> None:
    """Counted alike for all, with the provider's name for the model call."""
    run, received = asked[way]

    assert [turn.provider for turn in run.turns] == [way[0]] * 2
    assert [turn.request_id for turn in run.turns] == [request.request_id for request in received]
    for turn in run.turns:
        usage = turn.usage
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (100, 20, 120)
        assert (usage.cached_tokens, usage.reasoning_tokens) == (40, 5)
    assert run.usage.total_tokens == 240


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("provider", _SIGNING)
def test_reasoning_goes_back_as_it_came(provider: str, *, streamed: bool, local: Local) -> None:
    """Through several turns: the scripted model refuses a request in which any of it was dropped or altered."""
    calls = (ScriptedCall.of("ping", note="a"), ScriptedCall.of("ping", note="b"))
    thinking = [asking(*calls, content=content, reasoning=f"Thought {turn}, or: ß.") for turn, content in enumerate(("Wait.", None))]

    run = local.run(*thinking, Reply(content="Done.", reasoning="At last."), tools=_TOOLS, provider=provider, stream=streamed)

    assert (run.status, run.output, run.error) == ("completed", "Done.", None)
    assert [call.content for call in run.tool_calls] == ["pong a", "pong b"] * 2
    assert [len(list(signatures(request.body))) for request in local.received_by([run])[run.id]] == [0, 1, 2]


def test_reasoning_without_a_signature_goes_back_too(local: Local) -> None:
    """DeepSeek refuses a history without it."""
    run = local.run(asking(ScriptedCall.of("ping"), reasoning="Hm."), Reply(content="Done."), tools=_TOOLS, provider="deepseek")
    body: Any = local.received_by([run])[run.id][1].body

    assert [message.get("reasoning_content") for message in body["messages"]] == [None, "Hm.", None]


@pytest.fixture(scope="module")
def continued(local: Local) -> Mapping[tuple[str, str], list[Asked]]:
    """Conversations of three runs: on one provider, on another, and on the first again."""

    def converse(pair: tuple[str, str]) -> list[RunObject]:
        runs: list[RunObject] = []
        for provider in (*pair, pair[0]):
            thinking = asking(ScriptedCall.of("ping", note="a"), ScriptedCall.of("ping", note="b"), reasoning=f"By {provider}.")
            before: Any = {"previous_run_id": runs[-1].id} if runs else {}
            runs.append(local.run(thinking, Reply(content=provider, reasoning="So."), tools=_TOOLS, provider=provider, **before))
        return runs

    with ThreadPoolExecutor(_CLIENTS) as clients:
        conversations = list(clients.map(converse, _MOVES))
    received = local.received_by(run for runs in conversations for run in runs)
    return {pair: [Asked(run, received[run.id]) for run in runs] for pair, runs in zip(_MOVES, conversations, strict=True)}


@pytest.mark.parametrize("pair", _MOVES, ids="-".join)
def test_a_conversation_moves_to_another_provider(pair: tuple[str, str], continued: Mapping[tuple[str, str], list[Asked]]) -> None:
    """And back: what one provider's model thought and called is legal for the other, and nothing is lost on the way."""
    messages = continued[pair][-1].requests[-1].read().messages

    assert [(run.status, run.output, run.error) for run, _ in continued[pair]] == [("completed", name, None) for name in (*pair, pair[0])]
    assert [message.text for message in messages if message.role == "tool"] == ["pong a", "pong b"] * 3
    assert [message.text for message in messages if message.role == "assistant" and not message.calls] == list(pair)


def _marks(flag: str | None, body: Any) -> list[bool]:
    """Which of the request's last results are marked as failed."""
    match flag:
        case "is_error":
            return [block.get("is_error", False) for block in body["messages"][-1]["content"]]
        case "response.error":
            return ["error" in part["functionResponse"]["response"] for part in body["contents"][-1]["parts"]]
        case _:
            results = body["messages"] if "messages" in body else body["input"]
            return [str(result.get("content", result.get("output"))).startswith('{"error"') for result in results[-3:]]


def _text(text: str) -> JsonValue:
    """Gemini takes an object where others take its text."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value
