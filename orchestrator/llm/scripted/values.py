"""The values of parameters, found in the question by rule."""

import re
from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple

from pydantic import JsonValue

from orchestrator.llm.scripted.parameters import Kind, Parameter, fields, types
from orchestrator.llm.scripted.words import FILLERS, PREPOSITIONS, Clause, Word, Words

_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_PLACED_AFTER = frozenset({"in", "at", "near", "for", "to", "from"})
_TOPIC_AFTER = frozenset({"about", "on", "regarding", "concerning", "for", "of", "in"})

_Rule = Callable[[Clause, frozenset[str]], list[str]]


class Asked(NamedTuple):
    """What the question says to one tool: its own clauses, those that fit no tool, and all."""

    own: list[Clause]
    loose: list[Clause]
    question: list[Clause]


def texts(kind: Kind, asked: Asked, keywords: frozenset[str]) -> list[str]:
    """The texts of this kind that the question names to a tool, each once, by the first rule that finds any. In its own clauses: what
    stands between quotes, what looks like the kind, a name. In others: tickers in clauses that fit no tool ("For AAPL, what is the
    price?"), or names after "in" and the like ("weather and news in Tokyo"). At last what is left of its own clauses."""
    look: _Rule = {Kind.TICKER: _tickers, Kind.TOPIC: _topics, Kind.THING: _things}[kind]
    away: tuple[_Rule, list[Clause]] = (_tickers, asked.loose) if kind is Kind.TICKER else (_things, asked.question)
    for rule, clauses in ((_quoted, asked.own), (look, asked.own), (_names, asked.own), away, (_remainders, asked.own)):
        found = [text for clause in clauses for text in rule(clause, keywords) if text]
        if found:
            return list(dict.fromkeys(found))
    return []


def _quoted(clause: Clause, keywords: frozenset[str]) -> list[str]:
    del keywords  # What stands between quotes is meant, whatever it says.
    return [word.text for word in clause.words if word.quoted]


def _tickers(clause: Clause, keywords: frozenset[str]) -> list[str]:
    """AAPL and MSFT: words of one to five capitals."""
    return [word.text for word in clause.words if word.is_ticker and word.stem not in keywords]


def _topics(clause: Clause, keywords: frozenset[str]) -> list[str]:
    """What follows "about", and what is listed after it."""
    start = next((at for at, word in enumerate(clause.head) if word.lower in _TOPIC_AFTER), None)
    if start is None:
        return []
    return [_joined(words, keywords) for words in (clause.head[start + 1 :], *clause.listed)]


def _things(clause: Clause, keywords: frozenset[str]) -> list[str]:
    """Names after "in", "for" and the like ("in New York"), and those that are listed after them."""
    runs = _capitalised(clause.head, keywords)
    placed = [text for before, text in runs if before is not None and before.lower in _PLACED_AFTER]
    listed = [text for words in clause.listed for _, text in _capitalised(words, keywords)]
    return placed + listed if placed else []


def _names(clause: Clause, keywords: frozenset[str]) -> list[str]:
    """All capitalised words, those that stand together as one."""
    return [text for words in (clause.head, *clause.listed) for _, text in _capitalised(words, keywords)]


def _capitalised(words: Words, keywords: frozenset[str]) -> list[tuple[Word | None, str]]:
    """The runs of capitalised words, each with the word before it."""
    runs: list[tuple[Word | None, str]] = []
    before: Word | None = None
    for named, group in groupby(words, key=lambda word: word.is_capitalised and word.stem not in keywords):
        run = tuple(group)
        if named:
            runs.append((before, " ".join(word.text for word in run)))
        before = run[-1]
    return runs


def _remainders(clause: Clause, keywords: frozenset[str]) -> list[str]:
    """What follows the tool's own words and the last preposition, and what is listed after it."""
    marks = [at for at, word in enumerate(clause.head) if word.lower in PREPOSITIONS or word.stem in keywords]
    rest = clause.head[marks[-1] + 1 :] if marks else clause.head
    return [_joined(words, keywords) for words in (rest, *clause.listed)]


def _joined(words: Words, keywords: frozenset[str]) -> str:
    """The words without the fillers and the tool's own words at both ends."""
    kept = list(words)
    while kept and (kept[0].lower in FILLERS or kept[0].stem in keywords):
        kept.pop(0)
    while kept and kept[-1].lower in FILLERS:
        kept.pop()
    return " ".join(word.text for word in kept)


def numbers(clauses: list[Clause]) -> list[float]:
    """All numbers of the clauses, in order."""
    return [float(text) for clause in clauses for word in clause.words for text in _NUMBER.findall(word.text)]


def mentioned(parameter: Parameter, clauses: list[Clause]) -> JsonValue:
    """The first choice of the parameter that the clauses name, or None."""
    stems = {word.stem for clause in clauses for word in clause.words}
    return next((choice for choice in parameter.choices if Word(str(choice)).stem in stems), None)


def number(value: float, parameter: Parameter) -> JsonValue:
    """The value as the parameter's type has it."""
    return value if parameter.type == "number" and not value.is_integer() else int(value)


def filler(parameter: Parameter) -> JsonValue:
    """The value of a required parameter that the question does not name."""
    if "default" in parameter.schema:
        return parameter.schema["default"]
    if parameter.nullable:
        return None
    if parameter.choices:
        return parameter.choices[0]
    simple: dict[str, JsonValue] = {"boolean": False, "integer": 1, "number": 1, "array": [], "object": {}}
    return simple.get(parameter.type, "")


def listed(parameter: Parameter, words: list[str], digits: list[float]) -> JsonValue:
    """The value of an array: all the numbers, or all the names."""
    kinds = types(fields(parameter.schema.get("items")))
    if "integer" in kinds or "number" in kinds:
        return [value if "number" in kinds and not value.is_integer() else int(value) for value in digits]
    return [*words] if "string" in kinds else []
