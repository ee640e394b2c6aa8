"""How Gemini wants calls and results paired."""

from collections.abc import Mapping
from typing import Any, cast

from orchestrator.llm.wire import Body
from orchestrator.transcript import IllegalTranscript


def check(body: Body) -> None:
    """Raises IllegalTranscript unless each turn with calls follows one of the user and is followed by one turn with just as many
    results, in the calls' order, with their names and the ids that they have."""
    contents = cast("list[Mapping[str, Any]]", body["contents"])
    awaited: list[Mapping[str, Any]] = []
    before = ""
    for index, content in enumerate(contents):
        path = f"contents.{index}"
        if content["role"] not in {"user", "model"}:
            raise IllegalTranscript(f"{path}.role", "must be user or model")
        if not content["parts"]:
            raise IllegalTranscript(f"{path}.parts", "must hold at least one part")
        _check_results(_of(content, "functionResponse"), awaited, path)
        awaited = _of(content, "functionCall")
        if awaited and (content["role"], before) != ("model", "user"):
            raise IllegalTranscript(path, "holds calls: it must be the model's turn, right after one of the user")
        before = content["role"]
    if awaited:
        raise IllegalTranscript(f"contents.{len(contents) - 1}", "holds calls without results: each call takes one, in the next turn")


def _of(content: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [part[kind] for part in content["parts"] if isinstance(part.get(kind), Mapping)]


def _check_results(results: list[Mapping[str, Any]], calls: list[Mapping[str, Any]], path: str) -> None:
    if len(results) != len(calls):
        message = f"holds {len(results)} results for {len(calls)} calls: one turn holds the results of all calls of the turn before"
        raise IllegalTranscript(path, message)
    for index, (result, call) in enumerate(zip(results, calls, strict=True)):
        for key in ("name", "id"):
            if result.get(key) != call.get(key):
                raise IllegalTranscript(f"{path}.parts.{index}.functionResponse.{key}", "is not that of the call in its place")
