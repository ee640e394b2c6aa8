"""tasks/schema.py: what a tool takes, as a schema and as a door."""

import enum
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from tasks.arguments import InvalidArguments
from tasks.context import ToolContext
from tasks.docstring import read
from tasks.errors import DeclarationError
from tasks.schema import Parameters
from tasks.strict import NoStrictForm


class _Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class _Point(BaseModel):
    x: int
    y: int = 0


class _Node(BaseModel):
    children: "list[_Node]" = []


class _Cat(BaseModel):
    kind: Literal["cat"]


class _Dog(BaseModel):
    kind: Literal["dog"]


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


OPEN: list[Any] = [Any, dict[str, Any], dict[str, int], list[Any], tuple[int, str], _Node, _Open, JsonValue]
CLOSED: list[Any] = [_Point, _Cat | _Dog, _Colour, list[_Point], datetime, str | None, bytes, set[int], tuple[int, ...], float]

STRICT_WORDS = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "description", "format"}


def _parameters(function: Callable[..., Any]) -> Parameters:
    return Parameters.of(function, read(function))


def _schema(function: Callable[..., Any]) -> dict[str, Any]:
    return dict(_parameters(function).schema)


def _refusal(function: Callable[..., Any]) -> str:
    with pytest.raises(DeclarationError) as caught:
        _parameters(function)
    return str(caught.value)


def _invalid(function: Callable[..., Any], arguments: dict[str, JsonValue]) -> str:
    with pytest.raises(InvalidArguments) as caught:
        _parameters(function).validate(arguments)
    return str(caught.value)


# The schema


def test_the_schema_says_types_descriptions_defaults_and_constraints() -> None:
    """All that the signature and the docstring tell, without pydantic's titles."""

    def search(query: Annotated[str, Field(min_length=1)], units: Literal["metric", "imperial"] = "metric") -> None:
        """Search.

        Args:
            query: What to look for.
            units: System of units.

        """

    assert _schema(search) == {
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 1, "description": "What to look for."},
            "units": {"type": "string", "enum": ["metric", "imperial"], "default": "metric", "description": "System of units."},
        },
        "required": ["query"],
        "additionalProperties": False,
    }


def test_choices_keep_the_order_in_which_their_author_wrote_them() -> None:
    """Whatever other tool has the same ones: each process must announce the same schema."""

    def one(units: Literal["a", "b"] = "a") -> None: ...

    def other(units: Literal["b", "a"] = "a") -> None: ...

    assert (_schema(one)["properties"]["units"]["enum"], _schema(other)["properties"]["units"]["enum"]) == (["a", "b"], ["b", "a"])


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    """The model sends `{}`."""

    def now() -> None: ...

    assert _schema(now) == {"type": "object", "properties": {}, "additionalProperties": False}
    assert _parameters(now).validate({}) == {}


def test_the_authors_own_field_description_wins() -> None:
    """It stands nearer to the parameter than the docstring."""

    def search(query: Annotated[str, Field(description="Own words.")]) -> None:
        """Search.

        Args:
            query: Other words.

        """

    assert _schema(search)["properties"]["query"]["description"] == "Own words."


def test_a_property_named_title_is_kept() -> None:
    """Only pydantic's own titles go."""

    def rename(title: str, default: dict[str, int] = {"title": 1}) -> None: ...  # noqa: B006 - a default is data here.

    assert _schema(rename)["properties"] == {
        "title": {"type": "string"},
        "default": {"type": "object", "additionalProperties": {"type": "integer"}, "default": {"title": 1}},
    }


def test_names_that_pydantic_models_reserve_are_free() -> None:
    """An author need not know what a BaseModel has."""

    def odd(schema: int, copy: int, model_config: int, self: int, cls: int) -> None: ...

    values: dict[str, JsonValue] = {"schema": 1, "copy": 2, "model_config": 3, "self": 4, "cls": 5}

    assert _parameters(odd).validate(values) == values


def test_a_set_as_default_is_written_in_order() -> None:
    """Every process must announce the same schema."""

    def tag(names: frozenset[str] = frozenset({"d", "a", "c", "b"})) -> None: ...

    assert _schema(tag)["properties"]["names"]["default"] == ["a", "b", "c", "d"]


def test_an_alias_is_what_the_model_sees() -> None:
    """A Python keyword can be a parameter's name that way."""

    def fly(from_: Annotated[str, Field(alias="from")], to: str | None = None) -> None:
        """Fly.

        Args:
            from_: Airport.
            to: Airport.

        """

    assert _schema(fly)["properties"]["from"] == {"type": "string", "description": "Airport."}
    assert _parameters(fly).validate({"from": "HND", "to": None}) == {"from_": "HND", "to": None}


def test_the_context_is_hidden_from_the_model() -> None:
    """It is known by its annotation, whatever its name, and may be described."""

    def work(city: str, *, call: ToolContext) -> None:
        """Work.

        Args:
            city: Where.
            call: Ours.

        """

    assert (list(_schema(work)["properties"]), _parameters(work).context) == (["city"], "call")


# The door


def test_arguments_become_python_values() -> None:
    """The function receives models, enums and dates, not JSON."""

    def draw(at: _Point, colour: _Colour, day: date, pair: tuple[int, str], names: set[str]) -> None: ...

    values = _parameters(draw).validate({"at": {"x": 1}, "colour": "red", "day": "2026-11-20", "pair": [1, "a"], "names": ["b"]})

    assert values == {"at": _Point(x=1), "colour": _Colour.RED, "day": date(2026, 11, 20), "pair": (1, "a"), "names": {"b"}}


def test_a_left_out_parameter_stays_out() -> None:
    """So the function's own default applies."""

    def search(query: str, limit: int = 5) -> None: ...

    assert _parameters(search).validate({"query": "a"}) == {"query": "a"}


def test_null_means_left_out_where_null_is_no_value() -> None:
    """Strict mode knows no other way to leave something out."""

    def search(query: str, limit: int = 5, note: str | None = "x") -> None: ...

    parameters = _parameters(search)

    assert parameters.nullable == {"limit"}
    assert parameters.validate({"query": "a", "limit": None, "note": None}) == {"query": "a", "note": None}


def test_null_for_a_required_parameter_is_refused() -> None:
    """There is no default to fall back on."""

    def search(query: str) -> None: ...

    assert "query: Input should be a valid string" in _invalid(search, {"query": None})


def test_every_field_and_its_problem_is_listed() -> None:
    """The model mends all in one go."""

    def search(query: str, limit: Annotated[int, Field(le=9)], at: _Point) -> None: ...

    problem = _invalid(search, {"limit": 10, "at": {"x": "left"}, "page": 2})

    assert "query: Field required" in problem
    assert "limit: Input should be less than or equal to 9" in problem
    assert "at.x: Input should be a valid integer" in problem
    assert "page: Extra inputs are not permitted" in problem


def test_no_value_is_echoed() -> None:
    """It may be long or secret; the model knows what it sent."""

    def search(limit: int, animal: Annotated[_Cat | _Dog, Field(discriminator="kind")]) -> None: ...

    problem = _invalid(search, {"limit": "s3cret", "animal": {"kind": "s3cret" * 100}})

    assert "s3cret" not in problem
    assert "animal: 'kind' must be one of 'cat', 'dog'" in problem


def test_many_and_long_problems_are_cut() -> None:
    """A million wrong fields still give a short message."""

    def search(query: str) -> None: ...

    problem = _invalid(search, {f"{number}{'x' * 1000}": 1 for number in range(50)})

    assert "and 41 more problems" in problem
    assert len(problem) < 2000


def test_an_authors_validator_speaks_to_the_model() -> None:
    """Its message is the problem."""

    class Even(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def _even(cls, n: int) -> int:
            if n % 2:
                raise ValueError("must be even")
            return n

    def half(even: Even) -> None: ...

    assert "even.n: Value error, must be even" in _invalid(half, {"even": {"n": 3}})


def test_exact_integers_pass_unharmed() -> None:
    """No number goes through a float."""

    def add(n: int) -> None: ...

    assert _parameters(add).validate({"n": 2**53 + 1}) == {"n": 2**53 + 1}
    assert _parameters(add).validate({"n": 10**100}) == {"n": 10**100}


# The strict form


def test_the_strict_form_has_every_parameter_required() -> None:
    """Optional ones may be null."""

    def search(query: str, limit: int = 5) -> None: ...

    strict: dict[str, Any] = dict(_parameters(search).strict_form())

    assert strict["required"] == ["query", "limit"]
    assert strict["properties"]["limit"] == {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "(default: 5)"}


@pytest.mark.parametrize("hint", OPEN, ids=str)
def test_open_types_have_no_strict_form(hint: Any) -> None:
    """The providers refuse free-form objects, tuples and recursion."""

    def work(x: Any) -> None: ...

    work.__annotations__["x"] = hint

    with pytest.raises(NoStrictForm, match=r"parameters\.x"):
        _parameters(work).strict_form()


@pytest.mark.parametrize("hint", CLOSED, ids=str)
def test_closed_types_have_a_strict_form(hint: Any) -> None:
    """The common types of a tool, written with the few words that strict mode knows."""

    def work(x: Any) -> None: ...

    work.__annotations__["x"] = hint

    nodes = list(_nodes(_parameters(work).strict_form()))

    assert {word for node in nodes for word in node} <= STRICT_WORDS
    assert all(node["required"] == [*node["properties"]] for node in nodes if node.get("type") == "object")
    assert all(node["additionalProperties"] is False for node in nodes if node.get("type") == "object")


def _nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and all schemas inside it."""
    yield schema
    items = [schema["items"]] if "items" in schema else []
    for inner in (*schema.get("properties", {}).values(), *schema.get("anyOf", []), *items):
        yield from _nodes(inner)


# Refusals


@pytest.mark.parametrize(
    ("signature", "refusal"),
    [
        ("city", "'city' has no annotation; give it a type"),
        ("*cities: str", "'cities' takes any number of arguments; name each one"),
        ("**more: str", "'more' takes any number of arguments; name each one"),
        ("city: str, /", "'city' is positional-only; a model names its arguments"),
        ("done: Callable[[], None]", "'done' cannot be described as JSON"),
        ("lock: Lock", "'lock' cannot be described as JSON"),
        ("city: 'Missing'", "'city' has an annotation that cannot be resolved (name 'Missing' is not defined)"),
        ("city: 'str['", "'city' has an annotation that cannot be resolved"),
        ("a: ToolContext, b: ToolContext", "'b' is a second ToolContext; keep one"),
        ("a: ToolContext | None = None", "'a' must be annotated plainly as ToolContext"),
        ("n: int = 'three'", "'n' has a default that does not fit its annotation"),
        ("n: int = '3'", "'n' has a default that does not fit its annotation"),
        ("city: str = None", "'city' has a default that does not fit its annotation"),
        ("n: int = Field(default=3, ge=1)", "'n' has a Field as its default; write Annotated[type, Field(...)]"),
        ("n: Annotated[int, Field(default=3)]", "'n' has its default inside Field; write it in the signature"),
        ("x: Any = Lock()", "'x' has a default that cannot be written as JSON"),
        ("x: float = float('nan')", "'x' has a default that cannot be written as JSON"),
    ],
)
def test_a_bad_parameter_is_refused_by_name_with_its_mend(signature: str, refusal: str) -> None:
    """The author reads what to change."""
    assert f"parameter {refusal}" in _refusal(_function(signature))


def test_a_docstring_that_describes_no_parameter_is_refused() -> None:
    """A misspelt or renamed parameter would go undescribed."""

    def search(query: str) -> None:
        """Search.

        Args:
            query: What.
            limt: How many.

        """

    assert _refusal(search) == "the docstring describes 'limt', but the function has no such parameter; rename or remove it"


def test_annotations_as_texts_are_resolved() -> None:
    """An author's file may postpone its annotations."""
    parameters = _parameters(_function("city: 'str', day: 'date | None' = None, *, call: 'ToolContext'"))

    assert parameters.context == "call"
    assert parameters.validate({"city": "Tokyo", "day": "2026-11-20"}) == {"city": "Tokyo", "day": date(2026, 11, 20)}


def _function(signature: str) -> Any:
    """A function that no type checker would pass."""
    scope = {**globals(), "Callable": Callable, "Lock": threading.Lock}
    exec(f"def work({signature}): ...", scope)
    return scope["work"]
