"""The leaderboard's parallel cases, each as one run: every right call is made once, and its answer reaches the model."""

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
_RECORDS = [pytest.param(record, id=record.id) for record in bfcl.selected()]
_NONE = pytest.param(None, id="none", marks=pytest.mark.skip(reason=f"the leaderboard's records are not at {bfcl.DATA}"))

pytestmark = pytest.mark.timeout(600)


class Played(NamedTuple):
    """A record's run, and what was seen of it elsewhere."""

    run: RunObject
    requests: list[list[JsonValue]]
    executions: list[Execution]


@pytest.fixture(scope="module")
def played(local: Local, pytestconfig: pytest.Config) -> Mapping[str, Played]:
    """All records, several at a time; the pace is told at the terminal."""
    records = bfcl.selected()
    began = time.monotonic()
    with ThreadPoolExecutor(_CLIENTS) as clients:
        runs = list(clients.map(partial(_play, local), records))
    _tell(pytestconfig, runs, time.monotonic() - began)
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


def _play(local: Local, record: Record) -> RunObject:
    calls = [ScriptedCall(name=call.tool, arguments=call.arguments) for call in record.wanted]
    return local.run(asking(*calls), Reply(content=_ANSWER), tools=list(record.tool_names), messages=record.messages)


def _tell(config: pytest.Config, runs: list[RunObject], seconds: float) -> None:
    calls = sum(len(run.tool_calls) for run in runs)
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.ensure_newline()
        terminal.write_line(f"{len(runs)} runs with {calls} tool calls in {seconds:.1f} s: {calls / seconds:.0f} calls/s")
