"""The registered scripts."""

import pytest

from orchestrator.llm.scripted.library import LibraryFullError, ScriptLibrary
from orchestrator.llm.scripted.script import Reply, Script

SCRIPT = Script.of(Reply(content="1"))


def test_a_full_library_takes_no_further_script() -> None:
    """But one in the place of another."""
    library = ScriptLibrary(most=1)
    library.put("a", SCRIPT)

    library.put("a", Script.of(Reply(content="2")))

    with pytest.raises(LibraryFullError, match="DELETE /scripts"):
        library.put("b", SCRIPT)
    assert library["a"].conversations[0].replies[0].content == "2"


@pytest.mark.parametrize("name", ["", "a/b", "a b", "ä", "a" * 129])
def test_a_name_that_no_path_can_hold_is_refused(name: str) -> None:
    """It would not be found again."""
    with pytest.raises(ValueError, match="a script's name is"):
        ScriptLibrary().put(name, SCRIPT)


def test_scripts_can_be_removed() -> None:
    """One by one, or all; removing what is not there does no harm."""
    library = ScriptLibrary()
    for name in ("a", "b", "c"):
        library.put(name, SCRIPT)

    library.remove("b")
    library.remove("b")
    names = library.names
    library.clear()

    assert (names, library.names) == (["a", "c"], [])
