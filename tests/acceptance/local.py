"""A whole Toolchord of real processes, and what tests ask of it over HTTP."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from httpx2 import Client, Response
from pydantic import JsonValue

from orchestrator.llm.scripted import Reply, Script, ScriptedCall
from orchestrator.llm.scripted.log import ReceivedRequest
from orchestrator.schemas.run import RunObject
from orchestrator.stack import Stack
from orchestrator.store.runs import OPEN
from tests.acceptance import checks, ledger
from tests.acceptance.ledger import Execution
from tests.acceptance.waiting import until

#: The longest that any run of these tests may take, on a machine that does much else.
PATIENCE_S = 60.0
#: Model calls of a run with this label are streamed.
STREAMED = "streamed"


def asking(*calls: ScriptedCall, **fields: Any) -> Reply:
    """A model's reply that asks for these calls."""
    return Reply(tool_calls=calls, **fields)


class Local:
    """A running Toolchord. Safe to use from several threads."""

    def __init__(self, stack: Stack, ledger_file: Path, logs: Path) -> None:
        self.stack = stack
        self._ledger = ledger_file
        self._logs = logs
        self.api = Client(base_url=stack.api_url, timeout=PATIENCE_S + 10, trust_env=False)
        self._model = Client(base_url=(stack.model_url or "").removesuffix("/v1"), timeout=30, trust_env=False)

    def close(self) -> None:
        self.api.close()
        self._model.close()

    def model(self, *replies: Reply) -> str:
        """Registers a script and gives the name of the model that follows it."""
        name = uuid.uuid4().hex
        body = Script.of(*replies).model_dump_json()
        answer = self._model.put(f"/scripts/{name}", content=body, headers={"content-type": "application/json"})
        return str(answer.raise_for_status().json()["model"])

    def post(self, model: str, tools: Sequence[str] = (), *, wait_s: int = 0, prompt: str = "Go on.", **fields: Any) -> Response:
        """Posts a run, as it would be posted by anybody."""
        body = {"messages": [{"role": "user", "content": prompt}], "tools": list(tools), "model": model, **fields}
        return self.api.post("/v1/runs", json=body, headers={"Prefer": f"wait={wait_s}"} if wait_s else {})

    def start(self, *replies: Reply, tools: Sequence[str] = (), **fields: Any) -> RunObject:
        """Starts a run whose model gives these replies."""
        return _run(self.post(self.model(*replies), tools, **fields))

    def run(
        self, *replies: Reply, tools: Sequence[str] = (), provider: str | None = None, streamed: bool = False, **fields: Any
    ) -> RunObject:
        """A run whose model gives these replies, in the provider's format, after its end."""
        model = self.model(*replies)
        labels = {"metadata": {STREAMED: "yes"}} if streamed else {}
        posted = self.post(f"{provider}/{model}" if provider else model, tools, wait_s=int(PATIENCE_S), **labels, **fields)
        return self.ended(_run(posted).id)

    def read(self, run_id: str) -> RunObject:
        return _run(self.api.get(f"/v1/runs/{run_id}"))

    def ended(self, run_id: str) -> RunObject:
        """The run after its end, with everything checked that holds for every run."""
        run = until(lambda: _unless_open(self.read(run_id)), self.stack.check, PATIENCE_S)
        checks.assert_answered_in_order(run)
        checks.assert_fenced(run, self.executions(run_id))
        return run

    def model_requests(self) -> dict[str, list[list[JsonValue]]]:
        """The messages of each chat request that a model received, in order, by the model's name."""
        requests: defaultdict[str, list[list[JsonValue]]] = defaultdict(list)
        for request in self._received():
            body: Any = request.body
            if request.path.endswith("/v1/chat/completions"):
                requests[body["model"]].append(body["messages"])
        return requests

    def received(self, runs: Iterable[RunObject]) -> dict[str, list[ReceivedRequest]]:
        """What the models of these runs received, in any format, in order, by the run's id."""
        received = [(f"{request.path} {_model(request.body)}", request) for request in self._received()]
        return {run.id: [request for place, request in received if run.model.rpartition("/")[2] in place] for run in runs}

    def _received(self) -> list[ReceivedRequest]:
        data = self._model.get("/requests").raise_for_status().json()["data"]
        return [ReceivedRequest.model_validate(each) for each in data]

    def executions(self, run_id: str) -> list[Execution]:
        return ledger.executions(self._ledger, run_id)

    def logs(self) -> dict[str, str]:
        """The log of each process, by its name."""
        return {path.name: path.read_text() for path in self._logs.glob("*.log")}


def _model(body: JsonValue) -> JsonValue:
    return body.get("model") if isinstance(body, dict) else None


def _run(answer: Response) -> RunObject:
    assert answer.is_success, answer.text
    return RunObject.model_validate_json(answer.content)


def _unless_open(run: RunObject) -> RunObject | None:
    return None if run.status in OPEN else run
