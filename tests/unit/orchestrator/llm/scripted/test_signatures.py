"""Signatures that the server knows without keeping them."""

from orchestrator.llm.scripted.signatures import is_ours, signature, signs


def test_a_signature_is_for_what_it_signs() -> None:
    """In the same order, whatever the order of keys."""
    given = signature("a", {"b": 1, "c": 2})

    assert signs(given, "a", {"c": 2, "b": 1})
    assert not signs(given, {"b": 1, "c": 2}, "a")
    assert not signs(given, "a", {"b": 2, "c": 2})


def test_the_alphabet_for_urls_changes_nothing() -> None:
    """An SDK may write it so."""
    given = next(each for each in map(signature, map(str, range(100))) if "/" in each or "+" in each)
    rewritten = given.replace("+", "-").replace("/", "_")

    assert is_ours(rewritten)
    assert any(signs(rewritten, str(number)) for number in range(100))


def test_others_are_not_ours() -> None:
    """Whatever they look like."""
    assert not is_ours("")
    assert not is_ours("EqQBCkYIBRgCKkDs")
