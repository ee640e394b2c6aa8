"""Reading the arguments of a tool call."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from tasks.arguments import MAX_BYTES, MAX_DEPTH, InvalidArguments, is_absent, parse_object

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda children: st.lists(children) | st.dictionaries(TEXTS, children),
    max_leaves=10,
)


def nested(depth: int) -> str:
    """An object that holds an object, and so on, `depth` of them."""
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


@given(st.dictionaries(TEXTS, VALUES))
@settings(deadline=None)
def test_an_object_is_read_as_it_was_written(value: dict[str, JsonValue]) -> None:
    """Every JSON object comes back equal."""
    assert parse_object(json.dumps(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty-autogen#5666"),
        pytest.param("null", id="null-writer"),
        pytest.param("  \n", id="blank"),
        pytest.param("{}", id="empty-object"),
    ],
)
def test_absent_arguments_are_an_empty_object(text: str) -> None:
    """Providers have several ways to say that a call has no arguments."""
    assert parse_object(text) == {}


def test_only_an_empty_text_or_null_is_absent() -> None:
    """An object without keys, or the word null as a string, is not the absence of arguments."""
    assert [is_absent(text) for text in ("", " null ", "{}", '"null"', "0")] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        pytest.param('{"city": "Tok', "not valid JSON", id="truncated-hermes-agent#7680"),
        pytest.param('{"a":1}{"b":2}', "More text follows the JSON value at character 7", id="fused-hermes-agent#62940"),
        pytest.param('{"a":1} please', "More text follows", id="trailing-text"),
        pytest.param("[1]", "are an array", id="array"),
        pytest.param("3", "are a number", id="number"),
        pytest.param("true", "are a boolean", id="boolean"),
        pytest.param('"Tokyo"', "are a string", id="string"),
        pytest.param('"{\\"a\\": 1}"', "encoded twice", id="double-encoded"),
        pytest.param('{"a": NaN}', "NaN is not valid JSON", id="nan"),
        pytest.param('{"a": -Infinity}', "-Infinity is not valid JSON", id="infinity"),
        pytest.param('{"a": 1e999}', "too large", id="float-overflow"),
        pytest.param('{"a": ' + "9" * 5000 + "}", "too many digits", id="integer-of-5000-digits"),
        pytest.param('{"a": 1, "a": 2}', "'a' occurs twice", id="duplicate-key"),
        pytest.param('{"b": {"a": 1, "a": 2}}', "'a' occurs twice", id="inner-duplicate-key"),
        pytest.param('{"a": "\\u0000"}', "NUL", id="nul-in-value"),
        pytest.param('{"\\u0000": 1}', "NUL", id="nul-in-key"),
        pytest.param('{"a": ["\\ud800"]}', "surrogate", id="lone-surrogate"),
        pytest.param(nested(MAX_DEPTH + 1), "deeper than 64", id="one-too-deep"),
        pytest.param("[" * 100_000, "deeper than 64", id="deeper-than-the-parser-goes"),
        pytest.param('{"a": "' + "x" * MAX_BYTES + '"}', "at most 262144 are allowed", id="too-long"),
        pytest.param("{'a': 1}", "not valid JSON", id="single-quotes"),
    ],
)
def test_what_is_no_single_object_is_refused_with_a_hint(text: str, hint: str) -> None:
    """The error says what is wrong in words that a model can act on."""
    with pytest.raises(InvalidArguments) as caught:
        parse_object(text)
    assert hint in str(caught.value)


def test_the_deepest_allowed_nesting_is_read() -> None:
    """The limit itself is allowed."""
    assert json.dumps(parse_object(nested(MAX_DEPTH)), separators=(",", ":")) == nested(MAX_DEPTH)


def test_the_size_is_counted_in_bytes() -> None:
    """A text within the limit in characters may be beyond it on the wire."""
    with pytest.raises(InvalidArguments):
        parse_object('{"a": "' + "é" * (MAX_BYTES // 2) + '"}')


@given(st.text())
@settings(deadline=None)
def test_no_text_raises_anything_else(text: str) -> None:
    """Whatever the model writes is read or refused."""
    with suppress(InvalidArguments):
        parse_object(text)
