"""tasks/errors.py: what can go wrong with a tool."""

import pickle

import pytest

from tasks.errors import DeclarationError, RetryTool, ToolError, ToolFailed, ToolInputError, ToolTimeout, UnserialisableResult

ERRORS = [DeclarationError, RetryTool, ToolFailed, ToolInputError, ToolTimeout, UnserialisableResult]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_says_its_docstring_unless_told_otherwise(error: type[ToolError]) -> None:
    """The class docstring is the default message, also of an empty one."""
    assert str(error()) == error.__doc__
    assert str(error("")) == error.__doc__
    assert str(error("No seat left.")) == "No seat left."


def test_an_authors_own_error_says_its_own_docstring() -> None:
    """Subclasses keep the habit."""

    class NoSeat(ToolFailed):
        """No seat is left."""

    assert str(NoSeat()) == "No seat is left."


def test_a_wait_survives_pickling() -> None:
    """A pool may carry the error between processes."""
    error = pickle.loads(pickle.dumps(RetryTool("Busy.", after_s=1.5)))

    assert (str(error), error.after_s) == ("Busy.", 1.5)
