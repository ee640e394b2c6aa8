"""The leaderboard's parallel cases, each as one run: every right call is made once, and its answer reaches the model, in each
provider's format."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import pytest
from pydantic import JsonValue, TypeAdapter

from orchestrator.llm.scripted import Reply, ScriptedCall
from orchestrator.schemas.run import RunObject
from tests.acceptance import bfcl, checks
from tests.acceptance.bfcl import Record
from tests.acceptance.ledger import Execution
from tests.acceptance.local import Local, asking

_CLIENTS = 8
_ANSWER = "That is all."
#: Beside chat completions, which all of the rest is asked by.
_FORMATS = ("openai-responses", "azure", "openrouter", "anthropic", "google", "vertex")
_RECORDS = [pytest.param(record, id=record.id) for record in bfcl.selected()]
_NONE = pytest.param(None, id="none", marks=pytest.mark.skip(reason=f"the leaderboard's records are not at {bfcl.DATA}"))

pytestmark = pytest.mark.timeout(900)


class Played(NamedTuple):
    """A record's run, and what was seen of it elsewhere."""

    run: RunObject
    requests: list[list[JsonValue]]
    executions: list[Execution]


@pytest.fixture(scope="module")
def played(local: Local, pytestconfig: pytest.Config) -> Mapping[str, Played]:
    """All records, several at a time; the pace is told at the terminal."""
    records, runs = bfcl.selected(), _play_all(local, pytestconfig, None)
    requests = local.model_requests()
    return {record.id: Played(run, requests[run.model], local.executions(run.id)) for record, run in zip(records, runs, strict=True)}


@pytest.mark.parametrize(
    ("described", "written"),
    [
        ({"type": "dict"}, {"type": "object", "additionalProperties": True}),
        ({"type": "float"}, {"type": "number"}),
        ({"type": "any"}, {}),
        ({"type": "tuple", "items": {"type": "integer"}}, {"type": "array", "items": {"type": "integer"}}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
    ],
)
def test_types_named_as_in_python_become_those_of_json(described: dict[str, JsonValue], written: dict[str, JsonValue]) -> None:
    """The leaderboard's definitions are no JSON schemas, and models are offered nothing else."""
    schema = TypeAdapter(bfcl.annotation(described)).json_schema()

    assert {key: value for key, value in schema.items() if key != "$defs"} == written


@pytest.mark.parametrize("record", _RECORDS or [_NONE])
def test_every_right_call_is_made_once(record: Record, played: Mapping[str, Played]) -> None:
    """With the right arguments; equal calls are made as often as the model asks for them."""
    run, _, executions = played[record.id]
    made = {execution.began.call_id: execution.began for execution in executions}

    assert Counter(execution.began.call_id for execution in executions) == Counter(call.id for call in run.tool_calls)
    assert [(made[call.id].tool, made[call.id].arguments) for call in run.tool_calls] == [
        (call.tool, call.arguments) for call in record.wanted
    ]


@pytest.mark.parametrize("record", _RECORDS or [_NONE])
def test_every_call_is_answered_in_its_place(record: Record, played: Mapping[str, Played]) -> None:
    """Under its own id and in the calls' order, all of them before the model is asked again."""
    run, requests, _ = played[record.id]

    assert (run.status, run.output, len(run.turns)) == ("completed", _ANSWER, 2)
    assert [(call.status, json.loads(call.content or "null")) for call in run.tool_calls] == [
        ("succeeded", call.model_dump()) for call in record.wanted
    ]
    assert len({call.tool_call_id for call in run.tool_calls}) == len(record.wanted)
    checks.assert_model_saw_all(run, requests)


@pytest.mark.skipif(not _RECORDS, reason=f"the leaderboard's records are not at {bfcl.DATA}")
@pytest.mark.parametrize("provider", _FORMATS)
def test_every_format_carries_the_same(provider: str, local: Local, played: Mapping[str, Played], pytestconfig: pytest.Config) -> None:
    """The same calls with the same results as by chat completions, streamed and not. The scripted model refuses requests as the
    provider would, and would so fail the run."""
    runs = _play_all(local, pytestconfig, provider)

    assert [_carried(run) for run in runs] == [_carried(played[record.id].run) for record in bfcl.selected()]
    assert {turn.provider for run in runs for turn in run.turns} == {provider}


def _carried(run: RunObject) -> tuple[str, str | None, list[tuple[str, JsonValue, str, str | None]]]:
    calls: list[tuple[str, JsonValue, str, str | None]] = [
        (call.name, json.loads(call.arguments), call.status, call.content) for call in run.tool_calls
    ]
    return run.status, run.output, calls


def _play_all(local: Local, config: pytest.Config, provider: str | None) -> list[RunObject]:
    began = time.monotonic()
    with ThreadPoolExecutor(_CLIENTS) as clients:
        runs = list(clients.map(partial(_play, local, provider), bfcl.selected()))
    _tell(config, provider or "openai", runs, time.monotonic() - began)
    return runs


def _play(local: Local, provider: str | None, record: Record) -> RunObject:
    """In the other formats every second run is streamed."""
    calls = [ScriptedCall(name=call.tool, arguments=call.arguments) for call in record.wanted]
    streamed = provider is not None and record.number // bfcl.SAMPLE_EVERY % 2 == 0
    replies = asking(*calls), Reply(content=_ANSWER)
    return local.run(*replies, tools=list(record.tool_names), messages=record.messages, provider=provider, streamed=streamed)


def _tell(config: pytest.Config, provider: str, runs: list[RunObject], seconds: float) -> None:
    calls = sum(len(run.tool_calls) for run in runs)
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.ensure_newline()
        terminal.write_line(f"{provider}: {len(runs)} runs with {calls} tool calls in {seconds:.1f} s: {calls / seconds:.0f} calls/s")
