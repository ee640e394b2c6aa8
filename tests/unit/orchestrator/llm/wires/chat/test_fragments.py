"""Calls put together from a stream's fragments. The numbers in the ids are those of the field reports in research/providers.md, B2."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.llm.wire import DoubtfulStream
from orchestrator.llm.wires.chat.fragments import Fragments

A, B = '{"city":"Tokyo"}', '{"city":"Paris"}'
Fragment = dict[str, Any]
Calls = list[tuple[str | None, str, str]]


def part(arguments: Any = None, name: str | None = None, id: str | None = None, index: int | None = None) -> Fragment:  # noqa: A002 - the wire's word
    """A fragment of a call, without the fields that are None."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    fields: Fragment = {"index": index, "id": id, "function": function or None}
    return {key: value for key, value in fields.items() if value is not None}


def calls_of(*fragments: Fragment, is_cut: bool = False) -> Calls:
    """The calls that these fragments make."""
    calls = Fragments()
    for fragment in fragments:
        calls.add(fragment)
    whole: list[Any] = calls.whole(is_cut=is_cut)
    return [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in whole]


TWO: Calls = [("a", "x", A), ("b", "y", B)]
TWO_WITHOUT_IDS: Calls = [(None, "x", A), (None, "y", B)]

GOOD: list[tuple[str, list[Fragment], Calls]] = [
    ("openai", [part("", "x", "a", 0), part(A[:5], index=0), part(A[5:], index=0), part("", "y", "b", 1), part(B, index=1)], TWO),
    (
        "interleaved",
        [
            part("", "x", "a", 0),
            part("", "y", "b", 1),
            part(A[:5], index=0),
            part(B[:9], index=1),
            part(A[5:], index=0),
            part(B[9:], index=1),
        ],
        TWO,
    ),
    ("1-litellm#21331-index-0-twice-whole", [part(A, "x", "a", 0), part(B, "y", "b", 0)], TWO),
    ("2-litellm#16188-index-0-in-chunks", [part("", "x", "a", 0), part(A, index=0), part("", "y", "b", 0), part(B, index=0)], TWO),
    (
        "4-litellm#37792-object-index-0",
        [part({"city": "Tokyo"}, "x", "a", 0), part({"city": "Paris"}, "y", "b", 0)],
        [
            ("a", "x", '{"city": "Tokyo"}'),
            ("b", "y", '{"city": "Paris"}'),
        ],
    ),
    ("5-ollama#15457-index-0-for-all", [part(A, "x", "a", 0), part(B, "y", "b", 0), part(A, "z", "c", 0)], [*TWO, ("c", "z", A)]),
    ("6-ollama#7881-no-index", [part(A, "x", "a"), part(B, "y", "b")], TWO),
    (
        "7-langchain#34807-index-reused-then-fragments",
        [part("", "x", "a", 0), part(A[:3], index=0), part(A[3:], index=0), part(B, "y", "b", 0)],
        TWO,
    ),
    ("8-langchain#34654-no-index-fragments", [part("", "x", "a"), part(A[:3]), part(A[3:]), part("", "y", "b"), part(B)], TWO),
    ("9-langchain#40392-gemini-no-index-no-ids", [part(A, "x"), part(B, "y")], TWO_WITHOUT_IDS),
    ("12-any-llm#425-one-chunk-each-no-ids-index-0", [part(A, "x", index=0), part(B, "y", index=0)], TWO_WITHOUT_IDS),
    ("15-dayu-agent#82-one-call-a-chunk-empty-ids", [part(A, "x", "", 0), part(B, "y", "", 0)], TWO_WITHOUT_IDS),
    ("20-rig#1443-gateway-reuses-index", [part("", "x", "a", 0), part(A, index=0), part(B, "y", "b", 0)], TWO),
    ("22-llama.cpp#12379-name-in-every-chunk", [part(A[:4], "x", "a", 0), part(A[4:], "x", "a", 0), part(B, "y", "b", 1)], TWO),
    (
        "22-llama.cpp#12379-name-in-every-chunk-no-ids",
        [part("", "x", index=0), part(A[:4], "x", index=0), part(A[4:], "x", index=0)],
        [(None, "x", A)],
    ),
    ("26-vllm#54701-empty-deltas", [part(index=0, id="a", name="x"), part(A, index=0), {}, part(index=0)], [("a", "x", A)]),
    ("index-from-1", [part("", "x", "a", 1), part(A, index=1), part("", "y", "b", 2), part(B, index=2)], TWO),
    ("indexes-of-content-blocks", [part(A, "x", "a", 2), part(B, "y", "b", 5)], TWO),
    (
        "writer-null-arguments-first",
        [{"index": 0, "id": "a", "function": {"name": "x", "arguments": None}}, part(A, index=0)],
        [("a", "x", A)],
    ),
    ("null-as-an-id", [part(A, "x", "null", 0), part(B, "y", "null", 1)], TWO_WITHOUT_IDS),
    ("no-arguments", [part("", "x", "a", 0), part("", "y", "b", 1)], [("a", "x", ""), ("b", "y", "")]),
    ("48-hermes-agent#67777-one-id-for-two", [part(A, "x", "a", 0), part(B, "y", "a", 1)], [("a", "x", A), ("a", "y", B)]),
    ("62-identical-calls", [part(A, "x", "a", 0), part(A, "x", "b", 1)], [("a", "x", A), ("b", "x", A)]),
    ("identical-calls-without-ids", [part(A, "x", index=0), part(A, "x", index=0)], [(None, "x", A)] * 2),
    ("fragments-by-id-alone", [part("", "x", "a"), part("", "y", "b"), part(A, id="a"), part(B, id="b")], TWO),
    ("id-after-the-name", [part("", "x", index=0), part(A, id="a", index=0)], [("a", "x", A)]),
    ("bad-arguments-are-the-models-fault", [part('{"city":', "x", "a", 0)], [("a", "x", '{"city":')]),
]


@pytest.mark.parametrize(("fragments", "calls"), [pytest.param(fragments, calls, id=name) for name, fragments, calls in GOOD])
def test_calls_are_told_apart(fragments: list[Fragment], calls: Calls) -> None:
    """By their ids, their indexes, or names that follow complete arguments."""
    assert calls_of(*fragments) == calls


DOUBTFUL: list[tuple[str, list[Fragment]]] = [
    ("3-litellm#39796-id-and-name-lost", [part(A, "x", "a", 0), part(B, index=1)]),
    ("10-pydantic-ai#6759-names-mixed", [part("", "x", "a", 0), part(A, "y", "a", 0)]),
    ("11-any-llm#970-collapsed-to-index-0", [part("", "x", "a", 0), part("", "y", "b", 0), part(A, index=0), part(B, index=0)]),
    ("13-hermes-agent#62937-fused", [part(A, "x", "a", 0), part(B, index=0)]),
    ("13-hermes-agent#62940-fused-in-one", [part(A + B, "x", "a", 0)]),
    ("14-gcli2api#406-fused-no-index", [part(A, "x", "a"), part(B)]),
    ("16-lens#49-second-calls-arguments-without-id", [part(A, "x", "a", 0), part(B[:5], index=0), part(B[5:], index=0)]),
    ("17-langchain-oracle#253-fragments-without-id", [part("", "x", "a"), part("", "y", "b"), part(A), part(B)]),
    ("18-amplio#3-index-reused-then-no-id", [part("", "x", "a", 0), part("", "y", "b", 0), part(A, index=0)]),
    (
        "19-Qwen-Agent#943-interleaved-by-nothing",
        [part("", "x", "a"), part("", "y", "b"), part(A[:5]), part(B[:5]), part(A[5:]), part(B[5:])],
    ),
    ("21-llama.cpp#18591-cut-and-reused", [part(A[:5], "x", "a", 0), part(B, "y", "b", 0)]),
    ("fragments-before-any-call", [part(A, index=0)]),
    ("name-in-pieces", [part(None, "get_", index=0), part(A, "weather", index=0)]),
    ("two-calls-or-one-without-arguments", [part("", "x", index=0), part("", "x", index=0)]),
    ("one-id-twice-without-arguments", [part("", "x", "a"), part("", "x", "a")]),
    ("a-new-id-in-each-chunk", [part("", "x", "a", 0), part(A[:5], id="b", index=0), part(A[5:], id="c", index=0)]),
]


@pytest.mark.parametrize("fragments", [pytest.param(fragments, id=name) for name, fragments in DOUBTFUL])
def test_a_doubt_is_never_settled_by_a_guess(fragments: list[Fragment]) -> None:
    """The turn is asked for again without a stream."""
    with pytest.raises(DoubtfulStream):
        calls_of(*fragments)


def test_the_last_call_of_a_cut_answer_may_be_cut() -> None:
    """56, hermes-agent#7680: it is judged as truncated, and is no reason to ask again."""
    assert calls_of(part(A, "x", "a", 0), part(B[:5], "y", "b", 1), is_cut=True) == [("a", "x", A), ("b", "y", B[:5])]


CALLS = st.lists(
    st.tuples(st.sampled_from(["x", "y"]), st.dictionaries(st.text(max_size=3), st.integers(), max_size=3)), min_size=1, max_size=5
)


@given(CALLS, st.data())
@settings(deadline=None)
def test_openais_own_streams_always_come_together(calls: list[tuple[str, dict[str, int]]], data: st.DataObject) -> None:
    """However the arguments are cut and interleaved."""
    texts = [json.dumps(arguments) for _, arguments in calls]
    fragments = [part("", name, f"call_{index}", index) for index, (name, _) in enumerate(calls)]
    left = {index: text for index, text in enumerate(texts) if text}
    while left:
        index = data.draw(st.sampled_from(sorted(left)))
        size = data.draw(st.integers(1, len(left[index])))
        fragments.append(part(left[index][:size], index=index))
        left[index] = left[index][size:]
        if not left[index]:
            del left[index]
    assert calls_of(*fragments) == [(f"call_{index}", name, text) for index, ((name, _), text) in enumerate(zip(calls, texts, strict=True))]
