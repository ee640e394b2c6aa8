"""What a claimed model step needs, read at once, so that no transaction is open during the model call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy.orm import Session

from orchestrator import history
from orchestrator.llm.model import ModelRequest, NamedTool, Sampling, ToolChoice, ToolOffer
from orchestrator.messages import AssistantMessage, Message
from orchestrator.runs import end_late
from orchestrator.store import events, runs, tools
from orchestrator.store import turns as store
from orchestrator.store.runs import Step
from orchestrator.tables import Run
from tasks.messages import ToolSpec


@dataclass(frozen=True)
class Brief:
    """A claimed model step with its request."""

    step: Step
    request: ModelRequest
    specs: Mapping[str, ToolSpec]
    taken_ids: frozenset[str]


def read(session: Session, step: Step, model_timeout_s: float) -> Brief | None:
    """The brief of a step that this transaction has claimed. A run that is past its deadline ends here instead."""
    run = runs.get(session, step.run_id)
    if run is None:
        return None
    remaining_s = runs.remaining_s(session, run)
    if remaining_s <= 0:
        end_late(session, run)
        return None
    events.add(session, run, "model_call.started", turn=step.turn, attempt=step.attempt)
    calls = store.calls_of_run(session, run.id)
    messages = history.conversation(run, store.of_run(session, run.id, raw=True), calls)
    specs = tools.versions(session, run.tools)
    request = _request(run, messages, specs, min(model_timeout_s, remaining_s))
    return Brief(step, request, specs, _call_ids(messages))


def _call_ids(messages: Sequence[Message]) -> frozenset[str]:
    return frozenset(call.id for message in messages if isinstance(message, AssistantMessage) for call in message.calls)


def _request(run: Run, messages: tuple[Message, ...], specs: Mapping[str, ToolSpec], timeout_s: float) -> ModelRequest:
    options = dict(run.options)
    return ModelRequest(
        model=run.model,
        messages=messages,
        tools=tuple(ToolOffer.of(specs[name]) for name in run.tools if name in specs),
        tool_choice=_tool_choice(run, options.pop("tool_choice", None)),
        parallel_tool_calls=options.pop("parallel_tool_calls", None),  # pyright: ignore[reportArgumentType] - the door checked it
        sampling=_sampling(options),
        stream=run.stream,
        timeout_s=timeout_s,
    )


def _sampling(options: Mapping[str, JsonValue]) -> Sampling:
    stop = options.get("stop")
    return Sampling.model_validate({**options, "stop": (stop,) if isinstance(stop, str) else stop or ()})


def _tool_choice(run: Run, choice: JsonValue) -> ToolChoice | None:
    """A choice that forces a call holds for the first turn only; sent again, it would keep the model from ever answering."""
    match choice:
        case "auto" | "none":
            return choice
        case "required" if run.turn == 1:
            return choice
        case {"function": {"name": str(name)}} if run.turn == 1:
            return NamedTool(name=name)
        case _:
            return None
