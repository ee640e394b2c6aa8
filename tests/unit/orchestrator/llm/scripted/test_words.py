"""A question in words and clauses."""

import pytest

from orchestrator.llm.scripted.words import clauses, name_words, segments, stem


@pytest.mark.parametrize(
    ("word", "expected"),
    [("Prices", "price"), ("cities", "city"), ("news", "new"), ("glass", "glass"), ("is", "is"), ("AAPL", "aapl")],
)
def test_a_stem_is_small_and_singular(word: str, expected: str) -> None:
    """Only the endings of plurals are cut off."""
    assert stem(word) == expected


@pytest.mark.parametrize("name", ["get_stock_price", "get-stock-price", "GetStockPrice", "getStockPrice"])
def test_the_words_of_a_name_are_found_in_every_case(name: str) -> None:
    """Snake, kebab and camel case alike."""
    assert name_words(name) == ["get", "stock", "price"]


def test_a_text_is_cut_at_punctuation_and_at_and() -> None:
    """Quotes hold together, and possessive endings fall off."""
    found = segments("What's AAPL's price, and \"salt, pepper and oil\". Rome?")

    assert [[word.text for word in words] for words in found] == [["What", "AAPL", "price"], ["salt, pepper and oil"], ["Rome"]]


def test_what_is_listed_belongs_to_the_clause_before() -> None:
    """A short part that opens nothing new is listed; a question and a part that fits a tool open a clause."""
    found = clauses("the weather in Oslo, Rome and Bonn, news about AI and who is he", lambda words: words[0].text in {"the", "news"})

    assert [clause.text for clause in found] == ["the weather in Oslo and Rome and Bonn", "news about AI", "who is he"]


def test_an_empty_text_has_no_clauses() -> None:
    """Nor does mere punctuation."""
    assert clauses("", lambda _: True) == clauses(" ?!, and ...", lambda _: True) == []
