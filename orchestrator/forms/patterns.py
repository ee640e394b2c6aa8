"""Regular expressions of callers, in an engine whose time grows with the text only: pydantic's, which is Rust's `regex`."""

from functools import lru_cache
from typing import Final

from pydantic_core import SchemaError, SchemaValidator, core_schema

#: A pattern that is longer is not matched.
_MAX_PATTERN: Final = 1000


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> SchemaValidator | None:
    """None for a pattern that this engine does not have: one that looks around, refers back or is very long."""
    if len(pattern) > _MAX_PATTERN:
        return None
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError:
        return None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text. One that this engine does not have is taken to be found."""
    engine = compiled(pattern)
    return engine is None or engine.isinstance_python(text)
