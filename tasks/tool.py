"""The decorator that makes a typed function, or a pydantic model with a method `run`, a tool."""

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError, field_validator

from tasks import docstring, model
from tasks.docstring import Docstring
from tasks.errors import DeclarationError
from tasks.messages import ToolSpec
from tasks.names import DEFAULT_QUEUE, IO_QUEUE, QUEUE_NAME, TOOL_NAME, TURNS_QUEUE
from tasks.schema import Parameters
from tasks.strict import NoStrictForm

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
M = TypeVar("M", bound=BaseModel)

#: How many more attempts an idempotent tool has unless it says otherwise.
IDEMPOTENT_RETRIES: Final = 2
#: Where a model class keeps the tool that it is.
_ATTRIBUTE: Final = "__toolchord_tool__"


class Options(BaseModel):
    """What a tool's author may say beside the function or model itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(default=None, description="What the model calls it; the name of the function or class by default.")
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

    #: Of a model class, its method `run`.
    function: Callable[P, R_co]
    spec: ToolSpec
    parameters: Parameters
    #: The module that declares it.
    module: str

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


class Decorator(Protocol):
    """What `tool` with options gives."""

    @overload
    def __call__(self, declared: type[M], /) -> type[M]: ...  # pyright: ignore[reportOverlappingOverload]  # A class can be called too.
    @overload
    def __call__(self, declared: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(declared: type[M], /) -> type[M]: ...  # pyright: ignore[reportOverlappingOverload]  # As above.
@overload
def tool(declared: Callable[P, R], /) -> Tool[P, R]: ...
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
) -> Decorator: ...
def tool(declared: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Makes a typed function, or a pydantic model with a method `run`, a tool; `Options` says what each option means.

    A function becomes a `Tool`. A model class stays itself: its fields are the parameters, and `tool_of` gives its tool.
    Raises DeclarationError, which names the tool, the parameter and the mend.
    """

    def declare(decorated: Callable[..., Any]) -> Any:
        made = _declare(decorated, options)
        if decorated is made.function:
            return made
        setattr(decorated, _ATTRIBUTE, made)
        return decorated

    return declare if declared is None else declare(declared)


def tool_of(declared: object) -> Tool[..., Any] | None:
    """The tool that was declared by this tool, or by this model class itself; None for anything else."""
    if isinstance(declared, Tool):
        return cast("Tool[..., Any]", declared)
    return vars(declared).get(_ATTRIBUTE) if isinstance(declared, type) else None


def _declare(declared: Callable[..., Any], options: dict[str, Any]) -> Tool[..., Any]:
    name = options.get("name") or getattr(declared, "__name__", repr(declared))
    try:
        return _make(declared, Options.model_validate(options))
    except ValidationError as error:
        first = error.errors()[0]
        raise DeclarationError(f"Tool {name!r}: option {first['loc'][0]!r}: {first['msg']}.") from None
    except DeclarationError as error:
        raise DeclarationError(f"Tool {name!r}: {error}.") from error.__cause__


def _make(declared: Callable[..., Any], options: Options) -> Tool[..., Any]:
    texts = docstring.read(declared)
    function, parameters = _read(declared, texts)
    shown = {
        "name": _name(options, declared),
        "description": _description(texts.description if options.description is None else options.description),
        "parameters": parameters.schema,
        "strict_parameters": _strict_parameters(parameters, strict=options.strict),
    }
    limits = _limits(options, is_async=inspect.iscoroutinefunction(function))
    spec = ToolSpec.model_validate(shown | limits | {"schema_hash": _hash(shown)})
    return Tool(function, spec, parameters, declared.__module__)


def _read(declared: Callable[..., Any], texts: Docstring) -> tuple[Callable[..., Any], Parameters]:
    """What runs, and what it takes."""
    if not model.is_model(declared):
        _check_function(declared)
        return declared, Parameters.of(declared, texts)
    if tool_of(declared):
        raise DeclarationError("its class is a tool already; derive another class from it")
    run = model.run_of(declared)
    _check_function(run)
    return run, model.with_run(model.parameters_of(declared, texts), run)


def _check_function(function: Callable[..., Any]) -> None:
    if not inspect.isfunction(function):
        raise DeclarationError("only a function or a pydantic model can be a tool; write it with def, async def or class")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError("a generator cannot be a tool; return a list")


def _name(options: Options, declared: Callable[..., Any]) -> str:
    name = declared.__name__ if options.name is None else options.name
    if not TOOL_NAME.fullmatch(name):
        raise DeclarationError("its name cannot be a tool's; use 1 to 64 of a-z, A-Z, 0-9, _ and -")
    return name


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
