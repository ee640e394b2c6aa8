"""tasks/model.py: a pydantic model as a tool."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, Literal, assert_type

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, RootModel, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from tasks.context import ToolContext
from tasks.docstring import read
from tasks.errors import DeclarationError
from tasks.invoke import invoke
from tasks.messages import CallOutcome, Outcome
from tasks.model import parameters_of
from tasks.names import DEFAULT_QUEUE, IO_QUEUE
from tasks.strict import NoStrictForm
from tasks.tool import Tool, tool, tool_of


@tool
class Weather(BaseModel):
    """Get the weather for a place.

    Attributes:
        location: Where, such as Oslo.
        units: Not read, since the field says it itself.

    """

    location: str
    units: Annotated[Literal["imperial", "metric"], Field(description="System of units.")] = "metric"

    @field_validator("location")
    @classmethod
    def _on_earth(cls, location: str) -> str:
        if location == "moon":
            raise ValueError("there is no weather there")
        return location.title()

    async def run(self) -> str:
        """20 degrees everywhere."""
        return f"{self.location}: 20 degrees {self.units}"


@tool(name="add", timeout=2, idempotent=True, queue="maths", tags=("a",))
class Sum(BaseModel):
    """Add numbers."""

    numbers: list[int] = Field(max_length=3)

    def run(self, call: ToolContext) -> str:
        """The sum, with the name of the run."""
        return f"{call.run_id}: {sum(self.numbers)}"


def made(declared: object) -> Tool[..., Any]:
    """The tool that it is."""
    found = tool_of(declared)
    assert found
    return found


def refusal(model: type[BaseModel], **options: Any) -> str:
    """What the author reads."""
    with pytest.raises(DeclarationError) as caught:
        tool(**options)(model)
    return str(caught.value)


def invalid(model: type[BaseModel], **arguments: Any) -> str:
    """What is told to the model that called so."""
    outcome = invoke(model, arguments)
    assert (outcome.outcome, outcome.error and outcome.error.code) == (Outcome.FAILED, "invalid_arguments")
    return str(outcome.error and outcome.error.message)


def shown(model: type[BaseModel]) -> dict[str, Any]:
    """The properties of the schema."""
    return dict(parameters_of(model, read(model)).schema)


def test_the_class_stays_itself() -> None:
    """It is made, checked and run as any other, and the type checker sees it so."""
    weather = assert_type(Weather(location="oslo"), Weather)

    assert asyncio.run(weather.run()) == "Oslo: 20 degrees metric"
    assert assert_type(Sum(numbers=[1]).run(ToolContext.fake()), str) == "run_test: 1"


def test_the_fields_are_the_parameters_and_the_docstring_the_description() -> None:
    """What the field says of itself wins over the docstring's list."""
    spec = made(Weather).spec

    assert (spec.name, spec.description) == ("Weather", "Get the weather for a place.")
    assert spec.parameters == {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "Where, such as Oslo."},
            "units": {"type": "string", "enum": ["imperial", "metric"], "default": "metric", "description": "System of units."},
        },
        "required": ["location"],
        "additionalProperties": False,
    }
    assert spec.strict_parameters is not None
    assert spec.strict_parameters["required"] == ["location", "units"]


def test_options_are_those_of_functions() -> None:
    """The queue follows the colour of `run` unless it is named."""
    spec = made(Sum).spec

    assert (spec.name, spec.timeout_s, spec.idempotent, spec.retries, spec.queue, spec.tags) == ("add", 2, True, 2, "maths", ("a",))
    assert (made(Weather).spec.queue, made(Weather).is_async) == (IO_QUEUE, True)


def test_a_sync_run_goes_to_the_processes() -> None:
    """As a `def` tool does."""

    @tool
    class Now(BaseModel):
        """The time."""

        def run(self) -> str:
            return "noon"

    assert (made(Now).spec.queue, made(Now).is_async) == (DEFAULT_QUEUE, False)
    assert made(Now).spec.parameters == {"type": "object", "properties": {}, "additionalProperties": False}
    assert invoke(Now, "").content == "noon"


def test_a_call_makes_an_instance_and_runs_it() -> None:
    """Validators hold, and the ToolContext is given."""
    assert invoke(Weather, {"location": "oslo"}) == CallOutcome(
        outcome=Outcome.SUCCEEDED, content="Oslo: 20 degrees metric", truncated=False
    )
    assert invoke(Sum, {"numbers": [1, 2]}, ToolContext.fake(run_id="run_1")).content == "run_1: 3"


def test_null_for_a_field_with_a_default_means_left_out() -> None:
    """Strict mode makes the providers send it."""
    assert invoke(Weather, {"location": "oslo", "units": None}).content == "Oslo: 20 degrees metric"


def test_what_validators_refuse_is_told() -> None:
    """Field by field, in the author's own words."""
    assert "location: Value error, there is no weather there" in invalid(Weather, location="moon")
    assert "units: Input should be 'imperial' or 'metric'" in invalid(Weather, location="Oslo", units="kelvin")
    assert "numbers: List should have at most 3 items" in invalid(Sum, numbers=[1, 2, 3, 4])


def test_fields_that_the_model_does_not_have_are_refused_with_the_other_problems() -> None:
    """A misspelt field would go unnoticed; only the author can say that more is welcome."""

    class _Inner(BaseModel):
        x: int

    @tool
    class Open(BaseModel):
        """Open."""

        model_config = ConfigDict(extra="allow")
        inner: _Inner

        def run(self) -> object:
            return self.model_extra

    @tool
    class Closed(BaseModel):
        """Closed."""

        model_config = ConfigDict(extra="forbid")
        a: int

        def run(self) -> None:
            """Nothing."""

    assert invalid(Weather, town="Oslo").endswith("town: Extra inputs are not permitted; location: Field required.")
    assert invalid(Weather, location="Oslo", town="Oslo").endswith("parameters. town: Extra inputs are not permitted.")
    assert invalid(Closed, a=1, b=2).endswith("parameters. b: Extra inputs are not permitted.")
    assert invoke(Open, {"inner": {"x": 1, "y": 2}, "b": 2}).content == '{"b":2}'


def test_a_validator_of_the_whole_model_holds() -> None:
    """It has no field to name."""

    @tool
    class Span(BaseModel):
        """A span."""

        start: int
        end: int

        @model_validator(mode="after")
        def _forwards(self) -> "Span":
            if self.end < self.start:
                raise ValueError("it ends before it starts")
            return self

        def run(self) -> int:
            return self.end - self.start

    assert "arguments: Value error, it ends before it starts" in invalid(Span, start=2, end=1)
    assert invoke(Span, {"start": 1, "end": 3}).content == "2"


def test_an_alias_is_what_the_model_is_shown() -> None:
    """The first, where there are several; a field that the schema hides is not shown and keeps its default."""

    @tool
    class Parcel(BaseModel):
        """A parcel."""

        to: str = Field(alias="destination")
        weight: int = Field(default=1, validation_alias=AliasChoices("kg", "weight_kg"))
        secret: SkipJsonSchema[int] = 3

        def run(self) -> str:
            return f"{self.to} {self.weight} {self.secret}"

    assert list(shown(Parcel)["properties"]) == ["destination", "kg"]
    assert invoke(Parcel, {"destination": "Oslo", "kg": None}).content == "Oslo 1 3"
    assert "secret: Extra inputs" in invalid(Parcel, destination="Oslo", secret=4)


def test_a_set_is_announced_in_the_same_order_by_every_process() -> None:
    """The hash would differ otherwise."""

    class _Tagged(BaseModel):
        tags: frozenset[str] = frozenset("bdac")

    assert shown(_Tagged)["properties"]["tags"]["default"] == ["a", "b", "c", "d"]


def test_a_model_that_holds_itself_is_described() -> None:
    """It only has no strict form."""
    parameters = parameters_of(_Node, read(_Node))

    assert parameters.schema["properties"] == {"children": {"type": "array", "items": {"$ref": "#/$defs/_Node"}, "default": []}}
    assert parameters.read({"children": [{"children": []}]}) == _Node(children=[_Node()])
    with pytest.raises(NoStrictForm, match="recursive"):
        parameters.strict_form()


class _Node(BaseModel):
    """A tree."""

    children: "list[_Node]" = []


def test_a_derived_class_is_a_tool_of_its_own_or_none() -> None:
    """Each is declared for itself."""

    class Colder(Weather):
        """Get the cold weather."""

    assert tool_of(Colder) is None
    assert made(tool(Colder)).spec.name == "Colder"
    assert made(Weather).spec.name == "Weather"


def test_only_tools_are_found_and_called() -> None:
    """A plain model is none."""
    assert tool_of(_Node) is None
    assert tool_of(Weather(location="x")) is None
    with pytest.raises(TypeError, match="is no tool: decorate it with @tool"):
        invoke(_Node, {})


class _Undescribed(BaseModel):
    def run(self) -> None: ...


class _Idle(BaseModel):
    """No run."""


class _Static(BaseModel):
    """A run that is no method."""

    @staticmethod
    def run() -> None: ...


class _Selfless(BaseModel):
    """A run without self."""

    def run() -> None: ...  # pyright: ignore[reportSelfClsParameterName]  # That is what is refused.


class _Asking(BaseModel):
    """A run that takes more."""

    def run(self, city: str) -> None: ...


class _Streaming(BaseModel):
    """A run that yields."""

    def run(self) -> Iterator[str]:
        """Lines."""
        yield ""


class _Rooted(RootModel[list[int]]):
    """Numbers."""

    def run(self) -> None: ...


class _Opaque(BaseModel):
    """Holds what JSON has no word for."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    thing: ToolContext | None = None
    other: type[Any] | Iterator[Any]

    def run(self) -> None: ...


class _Deep(BaseModel):
    """Reads a field from within another."""

    depth: int = Field(validation_alias=AliasPath("size", 0))

    def run(self) -> None: ...


class _Unfinished(BaseModel):
    """Names what is nowhere."""

    thing: "Nowhere"  # noqa: F821 - that is what is refused  # pyright: ignore[reportUndefinedVariable]

    def run(self) -> None: ...


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (_Undescribed, "Tool '_Undescribed': it has no description; write a docstring"),
        (_Idle, "Tool '_Idle': a model that is a tool has a method run(self), written with def or async def."),
        (_Static, "a model that is a tool has a method run(self)"),
        (_Selfless, "its run() takes no self; write it as a method"),
        (_Asking, "parameter 'city' of run() is filled in by nobody; make it a field, or annotate it as ToolContext"),
        (_Streaming, "a generator cannot be a tool"),
        (_Rooted, "a RootModel has no fields to be parameters; use a BaseModel"),
        (_Deep, "parameter 'depth' has an AliasPath, which a schema cannot tell; use a plain alias"),
        (_Unfinished, "cannot be described as JSON"),
        (_Opaque, "cannot be described as JSON"),
        (Weather, "its class is a tool already; derive another class from it"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(model: type[BaseModel], expected: str) -> None:
    """With the mend."""
    assert expected in refusal(model)
