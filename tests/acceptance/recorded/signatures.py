"""What a provider wants back as it gave it: the proofs of what its model thought."""

from collections.abc import Iterator
from typing import Any, Final, cast

#: Wherever they stand, in answers and in requests.
_FIELDS: Final = frozenset({"signature", "thoughtSignature", "thought_signature", "encrypted_content"})
#: Where thinking that is not shown stands as data.
_HIDDEN: Final = frozenset({"redacted_thinking", "reasoning.encrypted"})
#: What stands for a signature that another provider's model cannot give.
_SKIPPING: Final = "skip_thought_signature_validator"


def signatures(value: Any) -> Iterator[str]:
    """All of them, in order."""
    if isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from signatures(each)
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for name, each in fields.items():
            is_one = name in _FIELDS or (name == "data" and fields.get("type") in _HIDDEN)
            if is_one and isinstance(each, str):
                yield from [each] if each not in {"", _SKIPPING} else []
            else:
                yield from signatures(each)
