"""The decorator that makes a typed function a tool."""

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, ParamSpec, TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError, field_validator

from tasks import docstring
from tasks.errors import DeclarationError
from tasks.messages import ToolSpec
from tasks.names import DEFAULT_QUEUE, IO_QUEUE, QUEUE_NAME, TOOL_NAME, TURNS_QUEUE
from tasks.schema import Parameters
from tasks.strict import NoStrictForm

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

#: How many more attempts an idempotent tool has unless it says otherwise.
IDEMPOTENT_RETRIES: Final = 2


class Options(BaseModel):
    """What a tool's author may say beside the function itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(default=None, description="What the model calls it; the function's name by default.")
    description: str | None = Field(default=None, description="What the model reads; the docstring by default.")
    queue: Annotated[str, StringConstraints(pattern=QUEUE_NAME)] | None = Field(
        default=None, description="Where its calls go: `io` for `async def` and `default` for `def` by default."
    )
    timeout: float = Field(default=30.0, gt=0, allow_inf_nan=False, description="Seconds for one attempt.")
    idempotent: bool = Field(default=False, description="Whether running it twice does no more than running it once.")
    retries: int | None = Field(
        default=None,
        ge=0,
        description="Attempts after the first. They serve RetryTool, by which the tool itself says that it did nothing yet; "
        "for an idempotent tool they also serve a lost worker. 2 for an idempotent tool by default, else 0.",
    )
    max_result_bytes: int = Field(default=64 * 1024, ge=256, description="A larger result is cut.")
    tags: tuple[str, ...] = ()
    strict: bool | None = Field(
        default=None, description="The schema's strict form. None: where it can be had; True: must be; False: never."
    )

    @field_validator("queue")
    @classmethod
    def _not_the_coordinators(cls, queue: str | None) -> str | None:
        if queue == TURNS_QUEUE:
            raise ValueError(f"{TURNS_QUEUE!r} is the coordinator's queue; choose another")
        return queue


@dataclass(frozen=True, eq=False)
class Tool(Generic[P, R_co]):
    """A typed function that a model can call. Calling the tool calls the function, with nothing in between."""

    function: Callable[P, R_co]
    spec: ToolSpec
    parameters: Parameters

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        return self.function(*args, **kwargs)

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function)

    @property
    def place(self) -> str:
        """Where the function is written, for people."""
        code = inspect.unwrap(self.function).__code__
        return f"{code.co_filename}:{code.co_firstlineno}"


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    queue: str | None = None,
    timeout: float = 30.0,
    idempotent: bool = False,
    retries: int | None = None,
    max_result_bytes: int = 64 * 1024,
    tags: tuple[str, ...] = (),
    strict: bool | None = None,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(function: Callable[P, R] | None = None, /, **options: Any) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Makes a typed function a tool; `Options` says what each option means.

    Raises DeclarationError, which names the tool, the parameter and the mend.
    """

    def declare(decorated: Callable[P, R]) -> Tool[P, R]:
        return _declare(decorated, options)

    return declare if function is None else declare(function)


def _declare(function: Callable[P, R], options: dict[str, Any]) -> Tool[P, R]:
    name = options.get("name") or getattr(function, "__name__", repr(function))
    try:
        return _make(function, Options.model_validate(options))
    except ValidationError as error:
        first = error.errors()[0]
        raise DeclarationError(f"Tool {name!r}: option {first['loc'][0]!r}: {first['msg']}.") from None
    except DeclarationError as error:
        raise DeclarationError(f"Tool {name!r}: {error}.") from error.__cause__


def _name(options: Options, function: Callable[..., Any]) -> str:
    name = function.__name__ if options.name is None else options.name
    if not TOOL_NAME.fullmatch(name):
        raise DeclarationError("its name cannot be a tool's; use 1 to 64 of a-z, A-Z, 0-9, _ and -")
    return name


def _make(function: Callable[P, R], options: Options) -> Tool[P, R]:
    _check_function(function)
    texts = docstring.read(function)
    parameters = Parameters.of(function, texts)
    shown = {
        "name": _name(options, function),
        "description": _description(texts.description if options.description is None else options.description),
        "parameters": parameters.schema,
        "strict_parameters": _strict_parameters(parameters, strict=options.strict),
    }
    limits = _limits(options, is_async=inspect.iscoroutinefunction(function))
    spec = ToolSpec.model_validate(shown | limits | {"schema_hash": _hash(shown)})
    return Tool(function, spec, parameters)


def _check_function(function: Callable[..., Any]) -> None:
    if not inspect.isfunction(function):
        raise DeclarationError("only a function can be a tool; write it with def or async def")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError("a generator cannot be a tool; return a list")


def _description(text: str) -> str:
    if not text.strip():
        raise DeclarationError("it has no description; write a docstring that tells the model what it is for")
    return text.strip()


def _strict_parameters(parameters: Parameters, *, strict: bool | None) -> dict[str, JsonValue] | None:
    if strict is False:
        return None
    try:
        return parameters.strict_form()
    except NoStrictForm as reason:
        if strict:
            raise DeclarationError(f"it has no strict form: {reason}; use closed types there, or leave out strict=True") from None
        return None


def _limits(options: Options, *, is_async: bool) -> dict[str, Any]:
    retries = IDEMPOTENT_RETRIES if options.idempotent else 0
    return {
        "queue": options.queue or (IO_QUEUE if is_async else DEFAULT_QUEUE),
        "timeout_s": options.timeout,
        "idempotent": options.idempotent,
        "retries": retries if options.retries is None else options.retries,
        "max_result_bytes": options.max_result_bytes,
        "tags": options.tags,
    }


def _hash(shown: dict[str, Any]) -> str:
    """The same for the same tool in every process: of all that the model sees, and of nothing else."""
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
