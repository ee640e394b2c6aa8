"""A tool's docstring, read in Google, NumPy or Sphinx style."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from griffe import Docstring as Source
from griffe import (
    DocstringSection,
    DocstringSectionAdmonition,
    DocstringSectionAttributes,
    DocstringSectionParameters,
    DocstringSectionText,
    PerStyleOptions,
    parse_auto,
)

_QUIET: Final[PerStyleOptions] = {"google": {"warnings": False}, "numpy": {"warnings": False}, "sphinx": {"warnings": False}}


class Docstring(NamedTuple):
    """What a docstring tells the model."""

    description: str
    parameters: Mapping[str, str]


def read(declared: Callable[..., Any]) -> Docstring:
    """The description is the docstring without its list of parameters, and without what it returns and raises."""
    # A class without one is not described by its base's.
    text = inspect.cleandoc(declared.__doc__ or "") if isinstance(declared, type) else inspect.getdoc(declared) or ""
    sections = parse_auto(Source(text), default="google", per_style_options=_QUIET)
    parameters = {
        parameter.name: " ".join(parameter.description.split())
        for section in sections
        if isinstance(section, DocstringSectionParameters | DocstringSectionAttributes)
        for parameter in section.value
    }
    # A docstring without parameters is taken as it stands: prose may look like a section.
    prose = [_prose(section) for section in sections] if parameters else [text]
    return Docstring("\n\n".join(filter(None, prose)).strip(), parameters)


def _prose(section: DocstringSection) -> str:
    match section:
        case DocstringSectionText():
            return section.value
        case DocstringSectionAdmonition():
            return f"{section.title}: {section.value.contents}"
        case _:
            return ""
