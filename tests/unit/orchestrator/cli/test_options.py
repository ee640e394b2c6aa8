"""Options that several commands share."""

import pytest

from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.cli.options import labels_of


def test_labels_are_keys_with_values() -> None:
    """A value may hold what it likes."""
    assert labels_of(["customer=c_42", "query=a=b", "empty="]) == {"customer": "c_42", "query": "a=b", "empty": ""}
    assert labels_of(None) == {}


@pytest.mark.parametrize("text", ["customer", "=c_42", ""])
def test_what_is_no_label_is_a_mistake(text: str) -> None:
    """The text is shown."""
    with pytest.raises(CommandError, match=repr(text)) as raised:
        labels_of([text])

    assert raised.value.code == ExitCode.USAGE
