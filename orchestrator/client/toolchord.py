"""A Toolchord as a backend's code asks it."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Generic, Literal, Self, TypeVar, cast, overload

import httpx2
from pydantic import BaseModel
from typing_extensions import TypeForm

from orchestrator.client.api import DEFAULT_URL, Api, read
from orchestrator.client.calls import Calls, Gathered
from orchestrator.client.errors import InvalidCalls, InvalidOutput, NotCompleted, StillRunning
from orchestrator.client.forms import Form, forms_of
from orchestrator.client.http import PATIENCE_S, JsonObject
from orchestrator.schemas.run import OPEN, RunObject
from tasks.arguments import InvalidArguments

M = TypeVar("M", bound=BaseModel)
Message = Mapping[str, Any]
Tools = Sequence[str | Mapping[str, Any]] | Literal["all"]

#: The request waits so long for the run's end; after that the run is asked for.
_WAIT_S: Final = 30
#: What a run ends with whose calls stay invalid.
_INVALID_CALLS: Final = "invalid_tool_calls"


class ParsedRun(RunObject, Generic[M]):
    """A completed run with its answer as an object."""

    parsed: M


class Toolchord:
    """One Toolchord. Safe to use from several threads; `close` it, or use it as a context manager.

    `options` of a method are the other fields of POST /v1/runs, such as `max_turns`, `deadline_s`, `metadata` or
    `previous_run_id`. Every method raises ToolchordError; see orchestrator.client.errors.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`url`: by default TOOLCHORD_API_URL, else http://127.0.0.1:8000. `patience_s`: how long a service that says when to
        ask again is asked again, in all."""
        chosen = url or os.environ.get("TOOLCHORD_API_URL") or DEFAULT_URL
        self._api = Api(chosen, transport=transport, patience_s=patience_s, sleep=sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._api.close()

    def start(
        self,
        *,
        messages: Sequence[Message],
        tools: Tools = (),
        model: str | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> RunObject:
        """Starts a run and gives it as it was accepted. The same key starts no second run within a day."""
        return read(RunObject, self._api.submit(_body(messages, tools, model, options), key=idempotency_key))

    def get(self, run_id: str) -> RunObject:
        """A run with its transcript, turns and calls."""
        return read(RunObject, self._api.run(run_id))

    def cancel(self, run_id: str) -> RunObject:
        """Cancels an open run; a run that has ended stays as it is."""
        return read(RunObject, self._api.cancel(run_id))

    def wait(self, run_id: str, timeout_s: float | None = None) -> RunObject:
        """The run after its end, however it ended. Raises StillRunning when that takes longer than `timeout_s`."""
        give_up_at = None if timeout_s is None else time.monotonic() + timeout_s
        answer: JsonObject = {}
        for answer in self._api.follow(run_id):
            if give_up_at is not None and time.monotonic() >= give_up_at and answer.get("status") in OPEN:
                raise StillRunning(read(RunObject, answer))
        return read(RunObject, answer)

    @overload
    def run(
        self,
        *,
        messages: Sequence[Message],
        tools: Tools = (),
        model: str | None = None,
        response_format: type[M],
        idempotency_key: str | None = None,
        **options: Any,
    ) -> ParsedRun[M]: ...
    @overload
    def run(
        self,
        *,
        messages: Sequence[Message],
        tools: Tools = (),
        model: str | None = None,
        response_format: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> RunObject: ...
    def run(
        self,
        *,
        messages: Sequence[Message],
        tools: Tools = (),
        model: str | None = None,
        response_format: type[BaseModel] | Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> RunObject:
        """Starts a run and gives it after its end, however it ended.

        With a model class as `response_format` the run has its answer as `parsed`. Raises NotCompleted when there is none, and
        InvalidOutput when only the class's own validators refuse it, and TypeError for what is no model class.
        """
        if response_format is None or isinstance(response_format, Mapping):
            return self._ended(_body(messages, tools, model, {**options, "response_format": response_format}), idempotency_key)
        form = Form(response_format)
        body = _body(messages, tools, model, {**options, "response_format": form.response_format()})
        return _parsed(self._ended(body, idempotency_key), form, response_format)

    def calls(
        self,
        *,
        messages: Sequence[Message],
        types: TypeForm[Iterable[M]] | TypeForm[M] | tuple[type[M], ...],
        model: str | None = None,
        tools: Sequence[str | Mapping[str, Any]] = (),
        max_repairs: int = 1,
        on_invalid: Literal["raise", "report"] = "raise",
        idempotency_key: str | None = None,
        **options: Any,
    ) -> Calls[M]:
        """The model's calls as objects of these pydantic classes, in order; nothing is executed but what `tools` names.

        `types`: a class, a union (`Weather | GoogleSearch`), an Iterable of either, or a tuple of classes. The service tells
        the model of calls that do not fit their schema, and this client of those that only the classes' own validators refuse;
        each at most `max_repairs` times. What stays invalid raises InvalidCalls, or is reported in the result's `invalid`.
        Raises NotCompleted when the run does not end well, and TypeError for types that are none.
        """
        forms = forms_of(types)
        described = [*tools, *(form.tool() for form in forms.values())]
        options |= {"max_repairs": max_repairs}
        run = self._ended(_body(messages, described, model, options), idempotency_key)
        if not _has_calls(run):
            raise NotCompleted(run)
        gathered = Gathered(forms).take(run)
        for repair in range(1, max_repairs + 1):
            if not gathered.invalid or run.status != "completed":
                break
            again = options | {"previous_run_id": run.id}
            told = _body([{"role": "user", "content": gathered.told()}], described, model, again)
            run = self._ended(told, idempotency_key and f"{idempotency_key}.{repair}")
            gathered.take(run)
        found = gathered.result(run)
        if found.invalid and on_invalid == "raise":
            raise InvalidCalls(run, found.values, found.ids, found.invalid)
        return found

    def _ended(self, body: JsonObject, key: str | None) -> RunObject:
        """A new run after its end."""
        run = read(RunObject, self._api.submit(body, key=key, wait_s=_WAIT_S))
        return self.wait(run.id) if run.status in OPEN else run


def _body(messages: Sequence[Message], tools: Tools, model: str | None, options: Mapping[str, Any]) -> JsonObject:
    """The request; what is None is left out, so that it has the service's default. Raises TypeError for one thing in a list's
    place: a text would be taken for a list of its characters."""
    if isinstance(messages, str | Mapping):
        raise TypeError('messages is a list of messages, such as [{"role": "user", "content": "Hello."}].')
    if isinstance(tools, str | Mapping) and tools != "all":
        raise TypeError('tools is a list of names, such as ["get_weather"], or "all".')
    body = {"messages": [*messages], "tools": tools if tools == "all" else [*tools], "model": model, **options}
    return cast("JsonObject", {name: value for name, value in body.items() if value is not None})


def _has_calls(run: RunObject) -> bool:
    """Whether the run has ended with calls, or with words instead of them."""
    stays_invalid = run.incomplete_details is not None and run.incomplete_details.reason == _INVALID_CALLS
    return run.status == "completed" or stays_invalid


def _parsed(run: RunObject, form: Form, kind: type[M]) -> ParsedRun[M]:
    if run.status != "completed":
        raise NotCompleted(run)
    try:
        parsed = form.read_answer(run.output or "")
    except InvalidArguments as error:
        raise InvalidOutput(run, str(error)) from None
    return ParsedRun[kind](**dict(run), parsed=parsed)
