"""What is measured. The figures are part of the benchmark's meaning: with other ones it is another benchmark."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.llm.scripted import Reply, Script, ScriptedCall

Message = dict[str, Any]

_ANSWER: Final = "All tools have answered."
_QUESTION: Final[Message] = {"role": "user", "content": "Use the tools, then answer."}


class WrongAnswerError(Exception):
    """A run did not come to the answer that its workload has. Nothing that it took counts."""


class Workload(BaseModel):
    """A run of two model calls with tool calls between, and how often it is made."""

    model_config = ConfigDict(frozen=True)

    name: str
    calls: int = Field(description="Tool calls of the first reply. All of them may run at once.")
    tool_ms: int = Field(description="How long each tool call waits.")
    model_ms: int = Field(description="How long the model takes for each of its two replies.")
    clients: int = Field(default=1, description="Clients, each of which starts its next run when the last is answered.")
    runs: int = Field(description="Measured runs of each system, at least: rounds are whole.")
    in_a_row: int = Field(default=1, description="Runs of one system before it is the next one's turn.")

    @property
    def ideal_ms(self) -> int:
        """What a run takes where nothing but the model and the tools takes time."""
        return 2 * self.model_ms + self.tool_ms

    @property
    def title(self) -> str:
        clients = f", {self.clients} clients" if self.clients > 1 else ""
        return f"{self.calls} tools of {self.tool_ms} ms at once, model {self.model_ms} ms twice{clients}"

    @property
    def model(self) -> str:
        """The model's name, by which the scripted model finds its script."""
        return f"scripted/{self.name}"

    @property
    def messages(self) -> list[Message]:
        return [_QUESTION]

    @property
    def answer(self) -> str:
        """How a run ends."""
        return _ANSWER

    @property
    def script(self) -> Script:
        """What the model answers."""
        call = ScriptedCall.of("pause", milliseconds=self.tool_ms)
        return Script.of(Reply(tool_calls=(call,) * self.calls), Reply(content=self.answer), latency_s=self.model_ms / 1000)

    def of_size(self, runs: int) -> "Workload":
        """The same workload, measured so often."""
        return self.model_copy(update={"runs": runs, "in_a_row": min(self.in_a_row, runs)})

    def check(self, transcript: list[Message]) -> None:
        """Raises WrongAnswerError unless each tool call was made once and answered in its place, and the model then
        gave its answer."""
        asked = [call["id"] for call in transcript[1].get("tool_calls") or ()] if len(transcript) > 1 else []
        answered = [(message.get("tool_call_id"), message.get("content")) for message in transcript[2:-1]]
        complete = len(asked) == self.calls and answered == [(call_id, str(self.tool_ms)) for call_id in asked]
        if not complete or transcript[-1].get("content") != self.answer:
            raise WrongAnswerError(f"{self.name}: a transcript of {len(transcript)} messages is not the expected one: {transcript}")


WORKLOADS: Final = (
    Workload(name="W1", calls=3, tool_ms=300, model_ms=50, runs=30),
    Workload(name="W2", calls=50, tool_ms=100, model_ms=0, runs=30),
    Workload(name="W3", calls=3, tool_ms=0, model_ms=0, clients=16, runs=384, in_a_row=64),
)
