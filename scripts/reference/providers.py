"""The providers of models, from their records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.provider import Provider
from orchestrator.llm.records import PROVIDERS
from scripts.reference.markdown import code, codes, table

_YES: Final = {True: "yes", False: "no", None: "no"}
#: What the list of providers and the table of exceptions say themselves.
_ELSEWHERE: Final = frozenset({"usage"})


def _list() -> str:
    rows = ((code(each.name), each.title, code(each.example), _needs(each), _extra(each)) for each in PROVIDERS.values())
    return table(("provider", "whose models", "a model's name", "needs", "extra"), rows)


def _needs(provider: Provider) -> str:
    groups = [" or ".join(map(code, group)) for group in provider.needs]
    return " and ".join(f"({group})" if " or " in group and len(groups) > 1 else group for group in groups) or "nothing"


def _extra(provider: Provider) -> str:
    return code(f"toolchord[{provider.extra[0]}]") if provider.extra else ""


def _capabilities() -> str:
    """A row for each capability and a column for each provider; alike ones share a column."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for provider in PROVIDERS.values():
        alike.setdefault(tuple(_values(provider.capabilities)), []).append(provider.name)
    columns = ("capability", *map(codes, alike.values()))
    return table(columns, zip(map(code, _fields()), *alike, strict=True))


def _fields() -> list[str]:
    return [name for name in Capabilities.model_fields if name not in _ELSEWHERE]


def _values(capabilities: Capabilities) -> Iterator[str]:
    for name in _fields():
        yield _shown(getattr(capabilities, name))


def _shown(value: object) -> str:
    match value:
        case bool() | None:
            return _YES[value]
        case frozenset():
            return codes(sorted(value, key=str))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - of words or numbers
        case _:
            return code(value)


def _meanings() -> str:
    rows = ((code(name), Capabilities.model_fields[name].description or "") for name in _fields())
    return table(("capability", "meaning"), rows)


def _exceptions() -> str:
    rows = [
        (code(provider.name), code(each.models.pattern), _changes(each.changes), each.reason)
        for provider in PROVIDERS.values()
        for each in provider.exceptions
    ]
    return table(("provider", "models", "differ in", "because"), rows)


def _changes(changes: Mapping[str, object]) -> str:
    return "; ".join(f"{code(name)}: {_shown(value)}" for name, value in changes.items())


def _usage() -> str:
    rows: list[Sequence[str]] = []
    for provider in PROVIDERS.values():
        rows += [(code(provider.name), code(ours), code(theirs)) for ours, theirs in provider.capabilities.usage.items()]
    return table(("provider", "our count", "where its answers say it"), rows)


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "providers": _list,
    "capabilities": _capabilities,
    "capability-meanings": _meanings,
    "capability-exceptions": _exceptions,
    "usage-fields": _usage,
}
