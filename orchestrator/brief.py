"""What a claimed model step needs, read at once, so that no transaction is open during the model call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue
from sqlalchemy.orm import Session

from orchestrator import budget, history
from orchestrator.llm.model import ModelRequest, NamedTool, ResponseFormat, Sampling, ToolChoice, ToolOffer
from orchestrator.llm.reply import Results
from orchestrator.messages import AssistantMessage, Message
from orchestrator.runs import end_late
from orchestrator.store import chain, events, runs, tools
from orchestrator.store import turns as store
from orchestrator.store.chain import Link
from orchestrator.store.runs import Step
from orchestrator.tables import Run
from tasks.messages import ToolSpec

#: The longest reply, in tokens, that every model can be asked for. Providers refuse a limit beyond their model's own.
_SHORT_REPLY: Final = 4096
#: The shortest that all providers take a limit for (Responses).
_LEAST_REPLY: Final = 16


@dataclass(frozen=True)
class Brief:
    """A claimed model step with its request."""

    step: Step
    request: ModelRequest
    specs: Mapping[str, ToolSpec]
    results: Results
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
    this = Link(run, store.of_run(session, run.id, raw=True), store.calls_of_run(session, run.id))
    messages = history.conversation([*chain.before(session, run, raw=True), this])
    specs = tools.versions(session, run.tools)
    request = _request(run, messages, specs, min(model_timeout_s, remaining_s))
    return Brief(step, request, specs, _results(run), _call_ids(messages))


def _call_ids(messages: Sequence[Message]) -> frozenset[str]:
    return frozenset(call.id for message in messages if isinstance(message, AssistantMessage) for call in message.calls)


def _request(run: Run, messages: tuple[Message, ...], specs: Mapping[str, ToolSpec], timeout_s: float) -> ModelRequest:
    options = dict(run.options)
    offers, choice = _tools(run, specs, options.pop("tool_choice", None))
    return ModelRequest(
        model=run.model,
        messages=messages,
        tools=offers,
        tool_choice=choice,
        parallel_tool_calls=options.pop("parallel_tool_calls", None),  # pyright: ignore[reportArgumentType] - the door checked it
        response_format=ResponseFormat.model_validate(run.response_format) if run.response_format else None,
        sampling=_sampling(run, options),
        stream=run.stream,
        timeout_s=timeout_s,
    )


def _sampling(run: Run, options: Mapping[str, JsonValue]) -> Sampling:
    stop = options.get("stop")
    sampling = Sampling.model_validate({**options, "stop": (stop,) if isinstance(stop, str) else stop or ()})
    left, wish = budget.tokens_left(run), sampling.max_completion_tokens
    if left is None or (wish is None and left > _SHORT_REPLY):
        return sampling
    most = max(left, _LEAST_REPLY)
    return sampling.model_copy(update={"max_completion_tokens": min(most, wish or most)})


def _tools(run: Run, specs: Mapping[str, ToolSpec], choice: JsonValue) -> tuple[tuple[ToolOffer, ...], ToolChoice | None]:
    """What the model is offered, and what it must choose. When no tool may run any more it can only make calls that are
    results, or answer. Else the tools of earlier calls are still offered: providers want to know them."""
    results = {offer.name: offer for offer in _result_offers(run)}
    executed = {name: ToolOffer.of(spec) for name, spec in specs.items()}
    if budget.calls_left(run) == 0 and executed:
        if results:
            return tuple(results.values()), None
        return tuple(executed[name] for name in run.tools if name in executed), "none"
    offered = executed | results
    return tuple(offered[name] for name in run.tools if name in offered), _tool_choice(run, choice, is_kept=not executed)


def _results(run: Run) -> Results:
    return {offer.name: offer.parameters for offer in _result_offers(run)}


def _result_offers(run: Run) -> Iterator[ToolOffer]:
    return map(ToolOffer.model_validate, run.result_tools or ())


def _tool_choice(run: Run, choice: JsonValue, *, is_kept: bool) -> ToolChoice | None:
    """A choice that forces a call holds for the first turn only; sent again, it would keep the model from ever answering.
    It `is_kept` where calls are the answer."""
    match choice:
        case "auto" | "none":
            return choice
        case "required" if is_kept or run.turn == 1:
            return choice
        case {"function": {"name": str(name)}} if is_kept or run.turn == 1:
            return NamedTool(name=name)
        case _:
            return None
