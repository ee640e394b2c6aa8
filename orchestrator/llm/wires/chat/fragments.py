"""The calls of a stream, put together from fragments whose index, id and name may each be missing, repeated or wrong.

Sources: the reports that the tests name. What tells two calls apart is, in this order: an id of its own, an index of its own,
a name that comes after complete arguments. Where none does, there is a doubt, and it is never settled by a guess.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import JsonValue

from orchestrator.llm.untrusted import mapping, storable, text
from orchestrator.llm.wire import DoubtfulStream
from tasks.arguments import is_absent

_NO_ID: Final = frozenset({"", "null"})


@dataclass
class _Call:
    """A call as far as it is known."""

    index: int | None
    id: str | None
    name: str
    arguments: str = ""
    extra: JsonValue = None

    def is_whole(self) -> bool:
        """Whether the arguments are a JSON object by now."""
        try:
            return isinstance(json.loads(self.arguments), dict)
        except (ValueError, RecursionError):
            return False

    def is_fused(self) -> bool:
        """Whether more follows the arguments: two calls in one."""
        try:
            _, end = json.JSONDecoder().raw_decode(self.arguments.lstrip())
        except (ValueError, RecursionError):
            return False
        return bool(self.arguments.lstrip()[end:].strip())

    def as_chat(self) -> dict[str, JsonValue]:
        """As a whole answer would hold it."""
        call: dict[str, JsonValue] = {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}
        return call if self.extra is None else {**call, "extra_content": self.extra}


@dataclass
class Fragments:
    """The calls so far, in the order in which they began."""

    _calls: list[_Call] = field(default_factory=list[_Call])
    _in_doubt: bool = False

    def add(self, fragment: Mapping[str, Any]) -> None:
        """The next fragment, as a delta's `tool_calls` holds it."""
        function = mapping(fragment.get("function"))
        index, name = fragment.get("index"), text(function.get("name")) or ""
        identity, arguments = _identity(fragment.get("id")), _arguments(function.get("arguments"))
        call = self._of(index if isinstance(index, int) else None, identity, name, arguments)
        call.id = call.id or identity
        call.name = call.name or name
        call.arguments += arguments
        if fragment.get("extra_content"):
            call.extra = storable(fragment["extra_content"])

    def whole(self, *, is_cut: bool) -> list[dict[str, JsonValue]]:
        """The calls. `is_cut` says that the answer ended early, so the last call may be cut. Raises DoubtfulStream."""
        whole = self._calls[:-1] if is_cut else self._calls
        if self._in_doubt or any(not call.name for call in self._calls) or any(map(self._is_doubtful, whole)):
            raise DoubtfulStream
        return [call.as_chat() for call in self._calls]

    def _of(self, index: int | None, identity: str | None, name: str, arguments: str) -> _Call:
        """The call that the fragment belongs to, an earlier one or a new one."""
        earlier = self._named(index, identity, name, arguments) if identity else self._unnamed(index, name, arguments)
        if earlier is not None:
            # A name comes once, or is repeated in each fragment; any other is another call's.
            self._in_doubt |= bool(name) and bool(earlier.name) and name != earlier.name
            return earlier
        self._calls.append(_Call(index, identity, name))
        return self._calls[-1]

    def _named(self, index: int | None, identity: str, name: str, arguments: str) -> _Call | None:
        """The call of this id. One with another index is another call, even where ids repeat in one answer."""
        same = [call for call in self._calls if call.id == identity and (call.index == index or index is None)]
        if same:
            self._in_doubt |= _may_be_another(same[-1], name, arguments)
            return same[-1]
        last = self._last(index)
        # An id may come after the fragment that began its call.
        return last if last is not None and last.id is None and not last.arguments else None

    def _unnamed(self, index: int | None, name: str, arguments: str) -> _Call | None:
        """The call that a fragment without an id goes on with."""
        last = self._last(index)
        if last is None:
            self._in_doubt |= not name
            return None
        if not name:
            # It goes to the last call of its index, unless an earlier one of that index is still open.
            others = [call for call in self._calls if call is not last and (call.index == index or index is None)]
            self._in_doubt |= any(not call.is_whole() for call in others)
            return last
        if last.is_whole():
            return None
        if last.name and last.name != name:
            self._in_doubt |= not last.arguments
            return None
        self._in_doubt |= _may_be_another(last, name, arguments)
        return last

    def _last(self, index: int | None) -> _Call | None:
        """The call of this index that began last; without an index, the last of all."""
        return next((call for call in reversed(self._calls) if index is None or call.index == index), None)

    def _is_doubtful(self, call: _Call) -> bool:
        """Arguments that are no object are the model's fault, and judged later, unless its index cannot tell the call apart."""
        shares_index = call.index is None or sum(other.index == call.index for other in self._calls) > 1
        return call.is_fused() or (shares_index and not is_absent(call.arguments) and not call.is_whole())


def _may_be_another(call: _Call, name: str, arguments: str) -> bool:
    """Whether a fragment that names its call again may be a second call, also without arguments."""
    return bool(name) and not arguments and not call.arguments


def _identity(value: Any) -> str | None:
    identity = text(value)
    return None if identity is None or identity.strip() in _NO_ID else identity


def _arguments(value: Any) -> str:
    """The text; some servers send the whole object, or null."""
    if value is None:
        return ""
    return text(value) or "" if isinstance(value, str) else json.dumps(storable(value), ensure_ascii=False)
