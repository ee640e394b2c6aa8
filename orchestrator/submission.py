"""What a new run is refused for that only the database knows: a model, a tool or a run before it that is not there."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal

from pydantic import JsonValue
from sqlalchemy.orm import Session

from orchestrator.errors import Unacceptable
from orchestrator.llm import prices
from orchestrator.llm.model import Usage
from orchestrator.llm.records import OTHERS, PROVIDERS, incomplete, named, unknown
from orchestrator.store import chain, providers, runs, tools

#: Any call has a price where any other has.
_SAMPLE: Final = Usage(prompt_tokens=1, completion_tokens=1, total_tokens=2)


def check_model(session: Session, model: str, max_cost_usd: Decimal | None) -> None:
    """Raises Unacceptable where no coordinator can ask the model, or its cost is limited and not known."""
    name = named(model)
    problem = incomplete(model) or _of_nobody(session, model) or providers.problem(session, name.provider)
    if problem:
        raise Unacceptable(problem, "model")
    if max_cost_usd is not None and prices.cost(PROVIDERS[name.provider].prices, name.model, _SAMPLE) is None:
        raise Unacceptable(f"The price of {model} is not known, so its cost cannot be limited. Use max_total_tokens.", "max_cost_usd")


def _of_nobody(session: Session, model: str) -> str | None:
    """What is wrong with a name that begins with no provider's: it would be asked of OpenAI, with OpenAI's key."""
    problem = unknown(model)
    return problem if problem and providers.problem(session, OTHERS) else None


def check_previous(session: Session, run_id: str | None) -> None:
    """Raises Unacceptable unless the run has ended, and its conversation has room for another."""
    if run_id is None:
        return
    run = runs.glance(session, run_id)
    if run is None:
        raise Unacceptable(f"There is no run {run_id}.", "previous_run_id")
    if run.status in runs.OPEN:
        raise Unacceptable(f"The run {run_id} has not ended. Wait for its end, or cancel it.", "previous_run_id")
    if chain.length(session, run_id) >= chain.LONGEST:
        message = f"A conversation has at most {chain.LONGEST} runs. Post the messages that matter as a new one."
        raise Unacceptable(message, "previous_run_id")
    if chain.size(session, run_id) > chain.LARGEST:
        message = f"The conversation is longer than {chain.LARGEST} bytes. Post the messages that matter as a new one."
        raise Unacceptable(message, "previous_run_id")


def hashes(session: Session, names: Sequence[str] | Literal["all"], described: Collection[str], memory_s: float) -> dict[str, str]:
    """The versions that the run's model will see, in order; an empty one for tools that the request describes itself."""
    known = tools.hashes(session, memory_s, None if names == "all" else names)
    if names == "all":
        return known
    for index, name in enumerate(names):
        if name not in known and name not in described:
            there = ", ".join(tools.hashes(session, memory_s, None)) or "none; is a tool worker running?"
            raise Unacceptable(f"No worker has announced a tool named {name!r}. Known tools: {there}.", f"tools.{index}")
    return {name: "" if name in described else known[name] for name in names}


def check_options(options: Mapping[str, JsonValue], hashes: Mapping[str, str]) -> None:
    """Providers refuse options that speak of tools where there are none, and a choice that is not offered."""
    for option in ("tool_choice", "parallel_tool_calls"):
        if option in options and not hashes:
            raise Unacceptable(f"{option} needs tools, and the run has none.", option)
    match options.get("tool_choice"):
        case {"function": {"name": name}} if name not in hashes:
            raise Unacceptable(f"tool_choice names {name!r}, which is not among the run's tools.", "tool_choice.function.name")
        case _:
            pass
