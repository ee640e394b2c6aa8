"""Pydantic classes as what a model is asked for: tools that nobody runs, and the form of an answer."""

import re
import types
from collections.abc import Iterable, Iterator
from typing import Any, Final, Union, cast, get_args, get_origin

from pydantic import BaseModel, JsonValue

from tasks import docstring
from tasks.arguments import InvalidArguments, parse_object
from tasks.errors import DeclarationError
from tasks.model import is_model, parameters_of
from tasks.names import TOOL_NAME
from tasks.schema import UNFIT, Parameters
from tasks.strict import NoStrictForm
from tasks.tool import tool_of

_UNIONS: Final = (types.UnionType, Union)


class Form:
    """One class, as the model is shown it and as its JSON is read."""

    def __init__(self, kind: type[BaseModel]) -> None:
        """Raises TypeError for what is no model class, and for one that cannot be described."""
        if not is_model(kind):
            raise TypeError(f"{kind!r} is no form: give a pydantic model class.")
        declared, read = tool_of(kind), docstring.read(kind)
        self.name = declared.spec.name if declared else kind.__name__
        self.description = declared.spec.description if declared else read.description
        if not TOOL_NAME.fullmatch(self.name):
            raise TypeError(f"{self.name!r} cannot be a tool's name: derive a class with a plain name")
        try:
            self._parameters: Parameters = declared.parameters if declared else parameters_of(kind, read)
        except DeclarationError as error:
            raise TypeError(f"{self.name}: {error}") from error
        self._schema, self._strict = _schema(self._parameters)

    def read(self, text: str) -> Any:
        """The object that the JSON text is. Raises tasks.arguments.InvalidArguments, which says what is wrong with it."""
        return self._parameters.read(parse_object(text))

    def read_answer(self, text: str) -> Any:
        """The same of an answer, which has no arguments: what is wrong is said of it."""
        try:
            return self.read(text)
        except InvalidArguments as error:
            problem = str(error).removeprefix(UNFIT).lstrip()
            raise InvalidArguments(re.sub(r"\AThe arguments", "Its values", problem)) from None

    def tool(self) -> dict[str, JsonValue]:
        """A tool whose calls are the result."""
        function: dict[str, JsonValue] = {"name": self.name, "parameters": self._schema, "strict": self._strict}
        if self.description:
            function["description"] = self.description
        return {"type": "function", "function": function, "execute": False}

    def response_format(self) -> dict[str, JsonValue]:
        """The form of the final answer."""
        schema: dict[str, JsonValue] = {"name": self.name, "schema": self._schema, "strict": self._strict}
        if self.description:
            schema["description"] = self.description
        return {"type": "json_schema", "json_schema": schema}


def _schema(parameters: Parameters) -> tuple[dict[str, JsonValue], bool]:
    """What is checked, and whether the provider can be held to it: the service has it make every key, then."""
    try:
        return parameters.checked_form(), True
    except NoStrictForm:
        return parameters.schema, False


def forms_of(asked: object) -> dict[str, Form]:
    """The forms by the names that the model calls. `asked` is a class, a union of classes, an Iterable or list of either, or a
    tuple of classes. Raises TypeError."""
    kinds = list(dict.fromkeys(_classes(asked)))
    forms = {form.name: form for form in map(Form, kinds)}
    if len(forms) < len(kinds):
        raise TypeError("Two of the types have one name; rename one.")
    return forms


def _classes(asked: object) -> Iterator[type[BaseModel]]:
    if is_model(asked):
        yield asked
        return
    parts = _parts(asked)
    if not parts:
        raise TypeError(f"{asked!r} is no type of calls: give pydantic model classes, such as Weather | GoogleSearch.")
    for part in parts:
        yield from _classes(part)


def _parts(asked: object) -> tuple[object, ...]:
    """The members of a tuple or union, or the one thing that an Iterable is of."""
    if isinstance(asked, tuple):
        return cast("tuple[object, ...]", asked)
    origin, arguments = get_origin(asked), get_args(asked)
    is_many = isinstance(origin, type) and issubclass(origin, Iterable) and len(arguments) == 1
    return arguments if origin in _UNIONS or is_many else ()
