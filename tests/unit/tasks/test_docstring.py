"""tasks/docstring.py: the three styles."""

import pytest

from tasks.docstring import Docstring, read

GOOGLE = """Get the weather.

    Works for cities only.

    Args:
        city: City name,
            such as Tokyo.
        units: Metric or imperial.

    Note:
        The station may be far away.

    Returns:
        A report.
    """
NUMPY = """Get the weather.

    Works for cities only.

    Parameters
    ----------
    city : str
        City name,
        such as Tokyo.
    units
        Metric or imperial.

    Returns
    -------
    Report
    """
SPHINX = """Get the weather.

    Works for cities only.

    :param city: City name,
        such as Tokyo.
    :param str units: Metric or imperial.
    :returns: A report.
    """


def _read(text: str | None) -> Docstring:
    def function() -> None: ...

    function.__doc__ = text
    return read(function)


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX])
def test_parameters_are_read_in_every_style(text: str) -> None:
    """Google, NumPy and Sphinx say the same."""
    found = _read(text)

    assert found.parameters == {"city": "City name, such as Tokyo.", "units": "Metric or imperial."}
    assert found.description.startswith("Get the weather.\n\nWorks for cities only.")
    assert "report" not in found.description


def test_a_note_belongs_to_the_description() -> None:
    """What the author wants the model to heed is not lost with the list of parameters."""
    assert _read(GOOGLE).description.endswith("Note: The station may be far away.")


def test_prose_without_parameters_is_taken_as_it_stands() -> None:
    """Text that looks like a section is kept to the letter."""
    text = "Search.\n\nSyntax: of queries\n    a AND b"

    assert _read(text) == Docstring(text, {})


@pytest.mark.parametrize("text", [None, "", "  \n "])
def test_no_docstring_is_an_empty_description(text: str | None) -> None:
    """The declaration refuses it later."""
    assert _read(text) == Docstring("", {})


def test_reading_says_nothing_on_the_log(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """The parser's warnings are about types, which the signature has."""
    _read(GOOGLE)

    assert (caplog.records, capfd.readouterr().err) == ([], "")
