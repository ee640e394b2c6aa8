"""Regular expressions of callers, in an engine whose time grows with the text only: pydantic's, which is Rust's `regex`."""

import re
from functools import lru_cache
from typing import Final

from pydantic_core import SchemaError, SchemaValidator, core_schema

#: A pattern that is longer is not matched, nor one whose size is greater: such a one takes the engine some megabytes.
_MAX_LENGTH: Final = 1000
MAX_SIZE: Final = 10_000
#: A class of Unicode, such as \w, is made of hundreds of ranges.
_WIDE: Final = 50
#: All characters but some are told apart by the bytes of their encoding.
_NEGATED: Final = 3
_WIDE_ESCAPE: Final = re.compile(r"\\[wWdDsSbBpP]")
_TOKEN: Final = re.compile(
    r"(?P<flags>\(\?[a-zA-Z-]+[:)])|\\[pP]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<least>\d+)(?:,(?P<most>\d*))?\}|.", re.DOTALL
)


@lru_cache(maxsize=32)
def compiled(pattern: str) -> SchemaValidator | None:
    """None for a pattern that this engine does not have: one that looks around, refers back, has flags or is too large."""
    if len(pattern) > _MAX_LENGTH or not 0 <= size(pattern) <= MAX_SIZE:
        return None
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError:
        return None


def size(pattern: str) -> int:
    """How long the pattern is with its repetitions written out, about; less than 0 where that cannot be told."""
    sizes, last = [0], 0
    unit = _WIDE if _WIDE_ESCAPE.search(pattern) else 1
    for token in _TOKEN.finditer(pattern):
        match token[0]:
            case "(":
                sizes.append(0)
            case ")" if len(sizes) > 1:
                last = sizes.pop()
                sizes[-1] += last
            case "*" | "+" | "?":
                pass
            case text if token["flags"] or text == ")" or (text[0] == "[" and "[" in text[1:]):
                return -1
            case text if token["least"]:
                times = max(int(token["least"]), int(token["most"] or 0), 1)
                sizes[-1] += last * (times - 1)
                last *= times
            case text:
                last = unit * (len(text) if text[0] == "[" else 1) + (_NEGATED if text == "." or text.startswith("[^") else 0)
                sizes[-1] += last
    return sum(sizes)


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text. One that this engine does not have is taken to be found."""
    engine = compiled(pattern)
    return engine is None or engine.isinstance_python(text)
