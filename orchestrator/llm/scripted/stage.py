"""What a scripted model answers to a request: the next reply of its script, or the demo's plan."""

from typing import NamedTuple

from orchestrator.llm.scripted.attempts import AttemptCounter
from orchestrator.llm.scripted.completion import MODEL
from orchestrator.llm.scripted.faults import Fault
from orchestrator.llm.scripted.library import ScriptLibrary
from orchestrator.llm.scripted.plan import plan
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Reply, Script
from orchestrator.llm.scripted.transcript import Standing, digest, standing


class Cue(NamedTuple):
    """One answer, ready to be given."""

    reply: Reply
    standing: Standing
    latency_s: float
    fault: Fault | None


class Stage:
    """The state behind the server: scripts and attempts. `script` answers what no other script is named for."""

    def __init__(self, script: Script | None = None, latency_s: float = 0.0) -> None:
        self.script = script
        self.latency_s = latency_s
        self.library = ScriptLibrary()
        self.attempts = AttemptCounter()

    def register(self, name: str, script: Script) -> str:
        """Puts the script into the library and returns the model name that selects it. Raises as `ScriptLibrary.put` does."""
        self.library.put(name, script)
        self.attempts.clear(f"{MODEL}/{name}")
        return f"{MODEL}/{name}"

    def cue(self, request: ChatRequest) -> Cue:
        """The answer to this request. Raises RequestError for an unknown script and for one that has no more replies."""
        at = standing(request.messages)
        source, script = self.script_for(request)
        conversation = script.conversation(at.question, request.model) if script else None
        reply = conversation.reply(at.step) if conversation else plan(request, at)
        if reply is None:
            raise RequestError(
                f"The script has no reply to model call {at.step + 1} after the last user message. Add one, or set repeat_last.",
                "messages",
                "script_exhausted",
            )
        latencies = (reply.latency_s, script.latency_s if script else None, self.latency_s)
        latency_s = next(each for each in latencies if each is not None)
        return Cue(reply, at, latency_s, self.fault(source, request, reply))

    def script_for(self, request: ChatRequest) -> tuple[str, Script | None]:
        """The script that is meant, and a name for where it comes from: the request, the library or the server's start."""
        if request.script:
            return "request", request.script
        if not request.model.startswith(f"{MODEL}/"):
            return "server", self.script
        name = request.model.removeprefix(f"{MODEL}/")
        if name not in self.library:
            raise RequestError(
                f"The model '{request.model}' does not exist: no script of that name is registered. Register it with PUT /scripts/{name}.",
                "model",
                "model_not_found",
                status=404,
            )
        return request.model, self.library[name]

    def fault(self, source: str, request: ChatRequest, reply: Reply) -> Fault | None:
        """The fault that this attempt meets. Only replies with faults have their attempts counted."""
        return reply.fault(self.attempts.next(source, digest(request.messages))) if reply.faults else None
