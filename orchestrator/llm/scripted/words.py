"""A question in words and clauses, as simply as the planner needs it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

_TOKEN = re.compile(r'"([^"]+)"|“([^”]+)”|([,;?!\n])|([^\s,;?!"“”]+)')
_PARTS_OF_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_AROUND = ".:()[]{}<>*'\N{RIGHT SINGLE QUOTATION MARK}"
_POSSESSIVE = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}]s$")
_JOINING = frozenset({"and", "then", "plus", "&"})
_TICKER_LENGTH: Final = 5
_LISTED_LENGTH: Final = 4
_STEM_LENGTH: Final = 3

_OPENERS = """what which who whom when where how why is are was were do does did can could will would should please tell show give"""
_PREPOSITIONS = """in for at about on of to from near with regarding concerning"""
_FILLERS = """
a an the this that these those it its i me my we us our you your he she they them and or by as be been has have
get set find fetch return returns given list look up latest current recent make use used using more most
today tomorrow yesterday tonight now currently right also too each every all any some there here not no if
monday tuesday wednesday thursday friday saturday sunday
january february march april may june july august september october november december
"""

#: Words with which a new question or order begins.
OPENERS = frozenset(_OPENERS.split())
#: After these the thing itself is named.
PREPOSITIONS = frozenset(_PREPOSITIONS.split())
#: These name nothing that a tool could be asked for.
FILLERS = OPENERS | PREPOSITIONS | frozenset(_FILLERS.split())
#: Words of tools' names and descriptions that fit too much. New York has one of them.
GENERIC = FILLERS | {"new", "one", "two"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the question without its punctuation, or all that stood between double quotes."""

    text: str
    quoted: bool = False

    @property
    def lower(self) -> str:
        return self.text.lower()

    @property
    def stem(self) -> str:
        return stem(self.text)

    @property
    def is_capitalised(self) -> bool:
        return self.text[:1].isupper() and self.lower not in FILLERS

    @property
    def is_ticker(self) -> bool:
        return self.text.isupper() and self.text.isalpha() and len(self.text) <= _TICKER_LENGTH and self.lower not in FILLERS


Words = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that is asked: its own words, and what is listed after it ("in Tokyo, Paris and Rome" lists Paris and Rome)."""

    head: Words
    listed: tuple[Words, ...] = ()

    @property
    def words(self) -> Words:
        return self.head + tuple(word for words in self.listed for word in words)

    @property
    def text(self) -> str:
        return " and ".join(" ".join(word.text for word in words) for words in (self.head, *self.listed))


def stem(word: str) -> str:
    """The word in lower case and without the ending of a plural: cities and city, prices and price."""
    low = word.lower()
    if low.endswith("ies") and len(low) > _STEM_LENGTH + 1:
        return low[:-3] + "y"
    return low[:-1] if low.endswith("s") and not low.endswith("ss") and len(low) > _STEM_LENGTH else low


def name_words(name: str) -> list[str]:
    """The words of a name in snake_case, kebab-case or CamelCase."""
    return [part.lower() for part in _PARTS_OF_NAME.findall(name)]


def segments(text: str) -> list[Words]:
    """The text cut at its punctuation and at "and"."""
    cut: list[Words] = []
    current: list[Word] = []
    for match in _TOKEN.finditer(text):
        raw = match[4] or ""
        quoted = match[1] or match[2]
        word = Word(quoted, quoted=True) if quoted else Word(_clean(raw))
        ends = match[3] is not None or word.lower in _JOINING
        if word.text and not ends:
            current.append(word)
        if ends or raw.endswith("."):
            cut.append(tuple(current))
            current = []
    return [words for words in (*cut, tuple(current)) if words]


def _clean(raw: str) -> str:
    """The word without the punctuation around it and without a possessive ending."""
    return _POSSESSIVE.sub("", raw.strip(_AROUND))


def clauses(text: str, opens: Callable[[Words], bool]) -> list[Clause]:
    """The segments put together: a short one that opens nothing new is listed with the one before it."""
    found: list[Clause] = []
    for words in segments(text):
        if found and words and _is_listed(words) and words[0].lower not in OPENERS and not opens(words):
            found[-1] = replace(found[-1], listed=(*found[-1].listed, words))
        else:
            found.append(Clause(words))
    return found


def _is_listed(words: Words) -> bool:
    """Few words, or a name with something after it ("Los Angeles in imperial units")."""
    name = list(takewhile(lambda word: word.lower not in PREPOSITIONS, words))
    return len(words) <= _LISTED_LENGTH or (len(name) <= _LISTED_LENGTH and all(word.is_capitalised for word in name))
