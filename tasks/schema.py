"""What a tool takes: its function's signature as a JSON schema, and as the door that arguments pass."""

import inspect
import json
import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, Self, cast

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, to_json
from typing_extensions import TypedDict

from tasks.arguments import InvalidArguments
from tasks.context import ToolContext
from tasks.docstring import Docstring
from tasks.errors import DeclarationError
from tasks.strict import strict_form

#: What a list of problems begins with.
UNFIT: Final = "The arguments do not fit the tool's parameters."
_MAX_PROBLEMS: Final = 10
# TypedDict is called with fields that no type checker can know.
_typed_dict: Final[Any] = TypedDict


class Parameter(NamedTuple):
    """One parameter with its annotation resolved."""

    name: str
    hint: Any
    default: Any

    @classmethod
    def of(cls, function: Callable[..., Any], found: inspect.Parameter) -> Self:
        """Raises DeclarationError for one that a model cannot fill in, or whose annotation cannot be resolved."""
        parameter = cls(found.name, found.annotation, found.default)
        if found.kind in (found.VAR_POSITIONAL, found.VAR_KEYWORD):
            raise parameter.refuse("takes any number of arguments; name each one, or take a list or a pydantic model")
        if found.kind is found.POSITIONAL_ONLY:
            raise parameter.refuse("is positional-only; a model names its arguments, so take out the '/'")
        if found.annotation is found.empty:
            raise parameter.refuse("has no annotation; give it a type, such as str")
        return parameter._replace(hint=_resolved(function, parameter))

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    def refuse(self, problem: str) -> DeclarationError:
        return DeclarationError(f"parameter {self.name!r} {problem}")

    def check(self, value: object, *, strict: bool = False) -> None:
        """Raises pydantic.ValidationError when the annotation does not admit the value."""
        _adapter([self]).validate_python({self.name: value}, strict=strict, by_alias=False, by_name=True)

    def check_described(self) -> None:
        """Raises DeclarationError when the annotation has no JSON schema."""
        try:
            _adapter([self]).json_schema()
        except Exception as error:  # pydantic has no common base for what it cannot do.
            reason = str(error).partition("\n")[0]
            raise self.refuse(f"cannot be described as JSON ({reason}); use plain types, pydantic models or dataclasses") from error

    @property
    def admits_null(self) -> bool:
        try:
            self.check(None)
        except ValidationError:
            return False
        return True

    def as_json(self, value: object) -> Any:
        return _adapter([self]).dump_python({self.name: value}, mode="json")[self.name]


@dataclass(frozen=True)
class Parameters:
    """The parameters of a tool that the model fills in."""

    schema: dict[str, JsonValue]
    #: The parameter that receives the ToolContext.
    context: str | None
    #: Keys whose null means "left out": they have a default, and their own type does not admit null.
    nullable: frozenset[str]
    adapter: TypeAdapter[Any]
    #: The parameter that receives them all as one value, where they are the fields of a model.
    instance: str | None = None

    @classmethod
    def of(cls, function: Callable[..., Any], docstring: Docstring) -> Self:
        """Raises DeclarationError, which names the parameter and the mend."""
        parameters = [Parameter.of(function, found) for found in inspect.signature(function).parameters.values()]
        _check_documented(docstring, parameters)
        context = context_of(parameters)
        filled = [parameter for parameter in parameters if parameter.name != context]
        for parameter in filled:
            _check(parameter)
        adapter = _adapter(filled)
        schema = untitled(adapter.json_schema())
        keys = _keys(schema, filled)
        for key, parameter in keys.items():
            _annotate(schema["properties"][key], parameter, docstring)
        nullable = frozenset(key for key, parameter in keys.items() if not parameter.required and not parameter.admits_null)
        return cls(schema, context, nullable, adapter)

    def strict_form(self) -> dict[str, JsonValue]:
        """The schema as the providers' strict mode takes it. Raises NoStrictForm."""
        return strict_form(self.schema, self.nullable)

    def checked_form(self) -> dict[str, JsonValue]:
        """The same, but what has a default may be left out, as it is where a provider does not keep to the strict form. Raises
        NoStrictForm."""
        return strict_form(self.schema, self.nullable, all_required=False)

    def validate(self, arguments: Mapping[str, JsonValue]) -> dict[str, Any]:
        """The arguments as Python values, by the function's parameters. Raises InvalidArguments, which lists each field and
        its problem."""
        value = self.read(arguments)
        return value if self.instance is None else {self.instance: value}

    def read(self, arguments: Mapping[str, JsonValue]) -> Any:
        """The arguments as one value: a dict, or the model whose fields they are. Raises InvalidArguments."""
        given = {key: value for key, value in arguments.items() if value is not None or key not in self.nullable}
        unknown = self._unknown(given)
        try:
            # As JSON again: only then does pydantic read a list as a tuple or a text as a date in strict fields too.
            value = self.adapter.validate_json(to_json({key: given[key] for key in given if key not in unknown}))
        except ValidationError as error:
            raise InvalidArguments(_problems([*unknown.values(), *error.errors(include_url=False, include_input=False)])) from None
        if unknown:
            raise InvalidArguments(_problems([*unknown.values()]))
        return value

    def _unknown(self, given: Mapping[str, JsonValue]) -> dict[str, ErrorDetails]:
        """A pydantic model drops what it does not know unless it says otherwise; what a caller misspelt must not be lost."""
        if self.instance is None or self.schema.get("additionalProperties") is not False:
            return {}
        known = cast("Mapping[str, JsonValue]", self.schema["properties"])
        return {
            key: {"type": "extra_forbidden", "loc": (key,), "msg": "Extra inputs are not permitted", "input": None}
            for key in given
            if key not in known
        }


def _resolved(function: Callable[..., Any], parameter: Parameter) -> Any:
    """The annotation with its texts evaluated where the function was defined."""
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    holder = SimpleNamespace(__annotations__={parameter.name: parameter.hint})
    try:
        return typing.get_type_hints(holder, scope, include_extras=True)[parameter.name]
    except Exception as error:
        raise parameter.refuse(
            f"has an annotation that cannot be resolved ({error}); define or import its names at module level, outside TYPE_CHECKING"
        ) from error


def _check_documented(docstring: Docstring, parameters: list[Parameter]) -> None:
    unknown = docstring.parameters.keys() - {parameter.name for parameter in parameters}
    if unknown:
        names = ", ".join(repr(name) for name in sorted(unknown))
        raise DeclarationError(f"the docstring describes {names}, but the function has no such parameter; rename or remove it")


def context_of(parameters: Sequence[Parameter]) -> str | None:
    """The name of the parameter that receives the ToolContext, if there is one. Raises DeclarationError."""
    found = [parameter for parameter in parameters if parameter.hint is ToolContext]
    if len(found) > 1:
        raise found[1].refuse("is a second ToolContext; keep one")
    for parameter in parameters:
        if ToolContext in typing.get_args(parameter.hint):
            raise parameter.refuse("must be annotated plainly as ToolContext; it is always given")
    return found[0].name if found else None


def _check(parameter: Parameter) -> None:
    parameter.check_described()
    if not parameter.required:
        _check_default(parameter)


def _check_default(parameter: Parameter) -> None:
    if isinstance(parameter.default, FieldInfo):
        raise parameter.refuse("has a Field as its default; write Annotated[type, Field(...)] and a plain default")
    try:
        parameter.check(parameter.default, strict=True)
    except ValidationError as error:
        raise parameter.refuse(f"has a default that does not fit its annotation: {error.errors()[0]['msg']}") from error
    try:
        json.dumps(parameter.as_json(parameter.default), allow_nan=False)
    except ValueError as error:
        raise parameter.refuse(f"has a default that cannot be written as JSON: {error}") from error


def _adapter(parameters: list[Parameter]) -> TypeAdapter[dict[str, Any]]:
    """What is left out stays out, so that the function's own default applies."""
    arguments = _typed_dict("Arguments", {found.name: found.hint for found in parameters})
    # NotRequired would do it, but it takes a Literal for an equal one in another order that it has seen before.
    arguments.__required_keys__ = frozenset(found.name for found in parameters if found.required)
    arguments.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(arguments)


def _keys(schema: dict[str, Any], parameters: list[Parameter]) -> dict[str, Parameter]:
    """The schema's keys are the parameters in order; an alias may have renamed one."""
    keys = dict(zip(schema["properties"], parameters, strict=True))
    for key, parameter in keys.items():
        if parameter.required and key not in schema.get("required", []):
            raise parameter.refuse("has its default inside Field; write it in the signature, as `= value`")
    return keys


def _annotate(schema: dict[str, Any], parameter: Parameter, docstring: Docstring) -> None:
    if parameter.name in docstring.parameters:
        schema.setdefault("description", docstring.parameters[parameter.name])
    if not parameter.required:
        default = parameter.as_json(parameter.default)
        # Each process orders a set in its own way, but all must announce the same schema.
        schema["default"] = sorted(default, key=str) if isinstance(parameter.default, AbstractSet) else default


def untitled(schema: Any) -> Any:
    """The schema without pydantic's titles: they repeat the names and cost the model tokens."""
    if isinstance(schema, list):
        return [untitled(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    return {key: _untitled_value(key, value) for key, value in cast("dict[str, Any]", schema).items() if key != "title"}


def _untitled_value(key: str, value: Any) -> Any:
    match key:
        case "properties" | "$defs" | "patternProperties":
            return {name: untitled(schema) for name, schema in value.items()}
        case "default" | "examples" | "enum" | "const":
            return value
        case _:
            return untitled(value)


def _problems(found: list[ErrorDetails]) -> str:
    lines = [_problem(detail) for detail in found[:_MAX_PROBLEMS]]
    if len(found) > _MAX_PROBLEMS:
        lines.append(f"and {len(found) - _MAX_PROBLEMS} more problems")
    return f"{UNFIT} {'; '.join(lines)}."


def _problem(detail: ErrorDetails) -> str:
    """One field's problem, without the value: it may be long, and the model knows what it sent."""
    field = ".".join(str(part) for part in detail["loc"])[:100] or "arguments"
    context = detail.get("ctx", {})
    if detail["type"] == "union_tag_invalid":
        return f"{field}: {context['discriminator']} must be one of {context['expected_tags']}"
    return f"{field}: {detail['msg'][:300]}"
