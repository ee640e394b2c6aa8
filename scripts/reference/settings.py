"""The settings of every process, from the classes that read them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from orchestrator.llm.records import PROVIDERS
from orchestrator.settings import Settings
from scripts.reference.markdown import code, table
from workers.settings import WorkerSettings

_COLUMNS: Final = ("variable", "default", "limits", "meaning")
_LIMITS: Final = {"ge": "from", "gt": "above", "le": "to"}


def _section(kind: type[BaseSettings]) -> str:
    return table(_COLUMNS, (_row(kind, name, field) for name, field in kind.model_fields.items()))


def _row(kind: type[BaseSettings], name: str, field: FieldInfo) -> Sequence[str]:
    return code(_variable(kind, name, field)), code(_default(field.default)), " ".join(_limits(field)), field.description or ""


def _variable(kind: type[BaseSettings], name: str, field: FieldInfo) -> str:
    match field.validation_alias:
        case AliasChoices(choices=[str() as variable, *_]) | (str() as variable):
            return variable
        case _:
            return f"{kind.model_config.get('env_prefix', '')}{name}".upper()


def _default(value: Any) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return value.get_secret_value()
        case tuple():
            return ",".join(map(str, value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - a tuple of anything
        case float():
            return f"{value:g}" if value < 1e5 else f"{value:.0f}"  # noqa: PLR2004 - from there on `g` writes powers of ten
        case _:
            return str(value)


def _limits(field: FieldInfo) -> Iterator[str]:
    for limit in field.metadata:
        yield from (f"{words} {value:g}" for name, words in _LIMITS.items() if (value := getattr(limit, name, None)) is not None)


def _providers() -> str:
    rows = [
        (code(variable.name), provider.title, variable.description) for provider in PROVIDERS.values() for variable in provider.variables
    ]
    return table(("variable", "provider", "meaning"), dict.fromkeys(rows))


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "orchestrator-settings": lambda: _section(Settings),
    "provider-settings": _providers,
    "worker-settings": lambda: _section(WorkerSettings),
}
