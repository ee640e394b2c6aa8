"""What all schemas share."""

from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, Discriminator


class Posted(BaseModel):
    """Something a caller sends: no field beyond those named, no value turned into another kind."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Shown(BaseModel):
    """Something we answer with."""

    model_config = ConfigDict(frozen=True)


#: Tags of a union's branches. Their brackets tell them from the fields in an error's place.
TEXT: Final = "<text>"
LIST: Final = "<list>"
OBJECT: Final = "<object>"
#: What the type of an error begins with that lies in a field of the object it is reported at.
IN_FIELD: Final = "in:"


def by_kind(message: str) -> Discriminator:
    """Chooses a union's branch by the JSON kind of the value, so that an error speaks of one branch only."""
    return Discriminator(_kind, custom_error_type="kind", custom_error_message=message)


def by_word(field: str, *words: str) -> Discriminator:
    """Chooses a union's branch by what an object says in a field. Another word is an error of type `in:<field>`."""

    def word(value: Any) -> str | None:
        return _word(value, field)

    return Discriminator(
        word,
        custom_error_type=f"{IN_FIELD}{field}",
        custom_error_message=f"must be one of {', '.join(words)}",
    )


def _kind(value: Any) -> str | None:
    match value:
        case str():
            return TEXT
        case list():
            return LIST
        case dict() | BaseModel():  # The latter when it is written.
            return OBJECT
        case _:
            return None


def _word(value: Any, field: str) -> str | None:
    """Of JSON when it is read, of a model when it is written."""
    found = cast("dict[str, Any]", value).get(field) if isinstance(value, dict) else getattr(value, field, None)
    return f"<{found}>" if isinstance(found, str) else None
