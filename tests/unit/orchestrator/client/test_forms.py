"""Pydantic classes as forms."""

from collections.abc import Iterable
from typing import Any, Generic, Literal, TypeVar, Union

import pytest
from pydantic import BaseModel, Field, RootModel

from orchestrator.client.forms import Form, forms_of
from tasks import tool
from tasks.arguments import InvalidArguments

T = TypeVar("T")


class Weather(BaseModel):
    """A question about the weather."""

    location: str
    units: Literal["imperial", "metric"] = "metric"


class _Search(BaseModel):
    query: str


@tool(name="send", description="Send a parcel.")
class Parcel(BaseModel):
    """A parcel."""

    city: str

    def run(self) -> str:
        """Sends it."""
        return self.city


class _Open(BaseModel):
    anything: dict[str, Any]


class Box(BaseModel, Generic[T]):
    """A box."""

    content: T


class Numbers(RootModel[list[int]]):
    """Numbers."""


class _Tree(BaseModel):
    children: "list[_Tree]" = Field(default_factory=list["_Tree"])


@pytest.mark.parametrize(
    "asked",
    [
        Weather | _Search,
        Union[Weather, _Search],  # noqa: UP007 - what old code writes
        Iterable[Weather | _Search],
        list[Union[Weather, _Search]],  # noqa: UP007 - as above
        (Weather, _Search),
        (Weather, _Search, Weather),
    ],
)
def test_types_are_said_in_several_ways(asked: object) -> None:
    """All of them mean the same."""
    assert list(forms_of(asked)) == ["Weather", "_Search"]


def test_one_class_is_enough() -> None:
    """Alone or in an Iterable."""
    assert list(forms_of(Weather)) == list(forms_of(Iterable[Weather])) == ["Weather"]


@pytest.mark.parametrize(
    "asked",
    [int, "Weather", None, (), Weather | int, Weather | None, dict[str, Weather], Iterable, Weather(location="x"), Box[int], Numbers],
)
def test_what_is_no_type_of_calls_is_refused(asked: object) -> None:
    """At once, before anything is asked."""
    with pytest.raises(TypeError):
        forms_of(asked)


def test_two_types_of_one_name_are_refused() -> None:
    """Their calls could not be told apart."""

    class Other(BaseModel):
        """Other."""

    Other.__name__ = "Weather"

    with pytest.raises(TypeError, match="one name"):
        forms_of((Weather, Other))


def test_a_form_is_a_tool_that_is_not_executed() -> None:
    """In strict form, in which what has a default may be left out; the docstring is the description."""
    assert Form(Weather).tool() == {
        "type": "function",
        "function": {
            "name": "Weather",
            "description": "A question about the weather.",
            "parameters": {
                "type": "object",
                "properties": {
                    "location": {"type": "string"},
                    "units": {
                        "anyOf": [{"type": "string", "enum": ["imperial", "metric"]}, {"type": "null"}],
                        "description": '(default: "metric")',
                    },
                },
                "required": ["location"],
                "additionalProperties": False,
            },
            "strict": True,
        },
        "execute": False,
    }


def test_a_class_without_docstring_has_no_description() -> None:
    """Its name must do."""
    function: Any = Form(_Search).tool()["function"]

    assert "description" not in function


def test_a_schema_without_a_strict_form_is_sent_as_it_is() -> None:
    """It is validated all the same."""
    for kind in (_Open, _Tree):
        function: Any = Form(kind).tool()["function"]
        assert function["strict"] is False
        assert list(function["parameters"]["properties"]) == list(kind.model_fields)


def test_a_class_that_is_a_tool_keeps_its_name_and_description() -> None:
    """As its worker announces it."""
    function: Any = Form(Parcel).tool()["function"]

    assert (function["name"], function["description"]) == ("send", "Send a parcel.")
    assert Form(Parcel).read('{"city": "Oslo"}') == Parcel(city="Oslo")


def test_a_text_is_read_as_an_object_or_refused() -> None:
    """Null means left out where the strict form made the model send it."""
    form = Form(Weather)

    assert form.read('{"location": "Oslo", "units": null}') == Weather(location="Oslo")
    with pytest.raises(InvalidArguments, match="units: Input should be 'imperial' or 'metric'"):
        form.read('{"location": "Oslo", "units": "kelvin"}')
    with pytest.raises(InvalidArguments, match="not valid JSON"):
        form.read('{"location": ')


def test_an_answers_form_is_a_json_schema() -> None:
    """As OpenAI calls it."""
    written: Any = Form(Weather).response_format()

    assert (written["type"], list(written["json_schema"])) == ("json_schema", ["name", "schema", "strict", "description"])
    assert written["json_schema"]["strict"] is True
