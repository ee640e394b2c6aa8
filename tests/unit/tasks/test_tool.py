"""tasks/tool.py: the decorator."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import Any, assert_type

import pytest

from tasks.errors import DeclarationError
from tasks.messages import ToolSpec
from tasks.names import DEFAULT_QUEUE, IO_QUEUE
from tasks.tool import Tool, tool, tool_of


def add(a: int, b: int = 1) -> int:
    """Add two numbers.

    Args:
        a: The first.
        b: The second.

    """
    return a + b


async def fetch(url: str) -> str:
    """Fetch a page."""
    return url


def refusal(function: Callable[..., Any], **options: Any) -> str:
    """What the author reads."""
    with pytest.raises(DeclarationError) as caught:
        tool(**options)(function)
    return str(caught.value)


def test_a_tool_is_still_its_function() -> None:
    """Calling it calls the function; the type checker sees the signature."""
    decorated = tool(add)

    assert_type(decorated(1, b=2), int)
    assert decorated(1, b=2) == 3


def test_options_keep_the_types_too() -> None:
    """With parentheses the tool is as typed as without."""
    decorated = tool(timeout=5)(fetch)

    async def call() -> str:
        return assert_type(await decorated("a"), str)

    assert asyncio.run(call()) == "a"


def test_the_function_says_name_description_and_schema() -> None:
    """A bare decorator is enough."""
    spec = tool(add).spec

    assert (spec.name, spec.description) == ("add", "Add two numbers.")
    assert spec.parameters["required"] == ["a"]


def test_options_have_their_defaults() -> None:
    """Thirty seconds, no repetition, 64 KiB."""
    spec = tool(add).spec

    assert (spec.timeout_s, spec.idempotent, spec.retries, spec.max_result_bytes, spec.tags) == (30, False, 0, 65536, ())


def test_options_reach_the_spec() -> None:
    """What the author says is announced."""
    spec = tool(
        name="plus", description=" Plus. ", queue="maths", timeout=2, idempotent=True, retries=4, max_result_bytes=1024, tags=("a",)
    )(add).spec

    assert (spec.name, spec.description, spec.queue, spec.timeout_s) == ("plus", "Plus.", "maths", 2)
    assert (spec.idempotent, spec.retries, spec.max_result_bytes, spec.tags) == (True, 4, 1024, ("a",))


def test_the_queue_follows_the_colour_of_the_function() -> None:
    """Threads for `async def`, processes for `def`."""
    assert (tool(fetch).spec.queue, tool(fetch).is_async) == (IO_QUEUE, True)
    assert (tool(add).spec.queue, tool(add).is_async) == (DEFAULT_QUEUE, False)


def test_only_an_idempotent_tool_is_repeated_by_default() -> None:
    """Repeating the side effects of any other is the author's own choice, made by raising RetryTool."""
    assert tool(idempotent=True)(add).spec.retries == 2
    assert tool(idempotent=True, retries=0)(add).spec.retries == 0
    assert tool(retries=3)(add).spec.retries == 3


def test_the_strict_form_is_had_where_it_can_be() -> None:
    """An open parameter leaves the tool without one; the author may also switch it off."""

    def store(data: dict[str, Any]) -> None:
        """Store data."""

    assert tool(add).spec.strict_parameters is not None
    assert tool(strict=True)(add).spec.strict_parameters is not None
    assert tool(strict=False)(add).spec.strict_parameters is None
    assert tool(store).spec.strict_parameters is None
    assert "no strict form: parameters.data takes free-form keys" in refusal(store, strict=True)


def test_the_hash_covers_what_the_model_sees_and_nothing_else() -> None:
    """A worker with another timeout still offers the same tool."""
    known = tool(add).spec.schema_hash

    assert tool(timeout=1, queue="other", tags=("x",))(add).spec.schema_hash == known
    assert tool(name="plus")(add).spec.schema_hash != known
    assert tool(description="Plus.")(add).spec.schema_hash != known
    assert tool(strict=False)(add).spec.schema_hash != known
    assert len(known) == 16


def test_a_spec_travels_and_comes_back_the_same() -> None:
    """It is announced as JSON."""
    spec = tool(add).spec

    assert ToolSpec.decode(spec.encode()) == spec


def test_a_tool_cannot_be_changed() -> None:
    """What was announced stays true."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(tool(add), "spec", None)  # noqa: B010 - the assignment is what must fail.


def test_a_tool_knows_where_it_is_written() -> None:
    """Also under another decorator that keeps the function's name."""

    @wraps(add)
    def logged(*args: Any, **kwargs: Any) -> int:
        return add(*args, **kwargs)

    assert tool(logged).place == tool(add).place
    assert __file__ in tool(add).place


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"name": "get weather"}, "Tool 'get weather': its name cannot be a tool's"),
        ({"name": "weather\n"}, "its name cannot be a tool's"),
        ({"name": ""}, "its name cannot be a tool's"),
        ({"name": "x" * 65}, "its name cannot be a tool's"),
        ({"description": " "}, "Tool 'add': it has no description"),
        ({"queue": "a b"}, "option 'queue'"),
        ({"queue": "turns"}, "is the coordinator's queue; choose another"),
        ({"timeout": 0}, "option 'timeout': Input should be greater than 0"),
        ({"timeout": -1}, "option 'timeout'"),
        ({"timeout": float("inf")}, "option 'timeout'"),
        ({"retries": -1}, "option 'retries': Input should be greater than or equal to 0"),
        ({"max_result_bytes": 10}, "option 'max_result_bytes'"),
        ({"retry": 3}, "Tool 'add': option 'retry': Extra inputs are not permitted."),
    ],
)
def test_a_bad_option_is_refused_by_name(options: dict[str, Any], expected: str) -> None:
    """The tool and the option are named."""
    assert expected in refusal(add, **options)


def test_a_function_without_docstring_is_refused() -> None:
    """The model must know what the tool is for."""

    def work() -> None: ...

    assert refusal(work) == "Tool 'work': it has no description; write a docstring that tells the model what it is for."


def test_generators_are_refused() -> None:
    """A tool gives one value."""

    def lines() -> Iterator[str]:
        """Lines."""
        yield ""

    async def pages() -> AsyncIterator[str]:
        """Pages."""
        yield ""

    assert "a generator cannot be a tool; return a list" in refusal(lines)
    assert "a generator cannot be a tool; return a list" in refusal(pages)


@pytest.mark.parametrize("thing", [print, str, "name", 3])
def test_only_functions_and_models_are_taken(thing: Any) -> None:
    """A plain class, a builtin or a forgotten `name=` is refused."""
    assert "only a function or a pydantic model can be a tool" in refusal(thing)


def test_a_refused_parameter_comes_with_the_tools_name() -> None:
    """One line says tool, parameter and mend."""

    def work(*cities: str) -> None:
        """Work."""

    assert refusal(work, name="travel").startswith("Tool 'travel': parameter 'cities' takes any number of arguments")


def test_no_registry_remembers_a_tool() -> None:
    """The same function can be two tools."""
    first, second = tool(name="one")(add), tool(name="two")(add)

    assert isinstance(first, Tool)
    assert tool_of(first) is first
    assert tool_of(add) is None
    assert (first.spec.name, second.spec.name) == ("one", "two")
