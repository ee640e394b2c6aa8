"""A pydantic model as a tool: its fields are the parameters, and its method `run` does the work."""

import inspect
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Annotated, Any, Final, TypeGuard, cast

from pydantic import AliasChoices, AliasPath, BaseModel, JsonValue, RootModel, TypeAdapter
from pydantic.fields import FieldInfo

from tasks.docstring import Docstring
from tasks.errors import DeclarationError
from tasks.schema import Parameter, Parameters, context_of, untitled

_REFERENCE: Final = "#/$defs/"


def is_model(declared: object) -> TypeGuard[type[BaseModel]]:
    """Whether it is a model class."""
    return isinstance(declared, type) and issubclass(declared, BaseModel)


def parameters_of(model: type[BaseModel], docstring: Docstring) -> Parameters:
    """The fields of a model as what a tool takes, checked by the model's own validators.

    Raises DeclarationError, which names the field and the mend.
    """
    schema = _schema(model)
    parameters = {
        key: _parameter(name, field) for name, field in model.model_fields.items() if (key := _key(name, field)) in schema["properties"]
    }
    for key, parameter in parameters.items():
        _annotate(schema["properties"][key], parameter, docstring)
    nullable = frozenset(key for key, parameter in parameters.items() if not parameter.required and not parameter.admits_null)
    return Parameters(schema, None, nullable, TypeAdapter(model), instance="self")


def with_run(parameters: Parameters, run: Callable[..., Any]) -> Parameters:
    """The same for a model that has this method. Raises DeclarationError."""
    names = [*inspect.signature(run).parameters]
    if not names:
        raise DeclarationError("its run() takes no self; write it as a method")
    others = [Parameter.of(run, found) for found in [*inspect.signature(run).parameters.values()][1:]]
    context = context_of(others)
    for other in others:
        if other.name != context:
            raise other.refuse("of run() is filled in by nobody; make it a field, or annotate it as ToolContext")
    return replace(parameters, context=context, instance=names[0])


def run_of(model: type[BaseModel]) -> Callable[..., Any]:
    """The model's method `run`, not bound to any instance. Raises DeclarationError."""
    run = inspect.getattr_static(model, "run", None)
    if not inspect.isfunction(run):
        raise DeclarationError("a model that is a tool has a method run(self), written with def or async def")
    return run


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    if issubclass(model, RootModel):
        raise DeclarationError("a RootModel has no fields to be parameters; use a BaseModel")
    try:
        schema = cast("dict[str, Any]", untitled(model.model_json_schema()))
    except Exception as error:
        for name, field in model.model_fields.items():
            _parameter(name, field).check_described()
        reason = str(error).partition("\n")[0]
        raise DeclarationError(f"its fields cannot be described as JSON ({reason}); use plain types and pydantic models") from error
    if "$ref" in schema:  # A model that holds itself.
        schema = {**schema["$defs"][schema["$ref"].removeprefix(_REFERENCE)], "$defs": schema["$defs"]}
    schema.setdefault("properties", {})
    if "extra" not in model.model_config:
        schema["additionalProperties"] = False
    # It is the tool's own description.
    return {key: value for key, value in schema.items() if key != "description"}


def _key(name: str, field: FieldInfo) -> str:
    """How the schema, and so the model, calls the field."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    if isinstance(alias, AliasPath):
        raise _parameter(name, field).refuse("has an AliasPath, which a schema cannot tell; use a plain alias")
    return alias or name


def _parameter(name: str, field: FieldInfo) -> Parameter:
    hint = field.annotation
    for constraint in field.metadata:
        hint = Annotated[hint, constraint]
    return Parameter(name, hint, inspect.Parameter.empty if field.is_required() else field.default)


def _annotate(schema: dict[str, JsonValue], parameter: Parameter, docstring: Docstring) -> None:
    told: Mapping[str, str] = docstring.parameters
    if parameter.name in told:
        schema.setdefault("description", told[parameter.name])
    if isinstance(parameter.default, AbstractSet) and "default" in schema:
        # Each process orders a set in its own way, but all must announce the same schema.
        schema["default"] = sorted(cast("list[JsonValue]", schema["default"]), key=str)
