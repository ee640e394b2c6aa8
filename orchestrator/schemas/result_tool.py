"""Tools that a request describes itself: their calls are the run's result, and are not executed."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue
from pydantic_core import PydanticCustomError

from orchestrator.forms.schema import RefusedSchema, check
from orchestrator.forms.strict import strict_form
from orchestrator.schemas.base import Posted
from tasks.names import TOOL_NAME

_HINT: Final = (
    'Tools that run are named, not described: send their names, such as ["get_weather"]. GET /v1/tools lists them. '
    'A tool whose calls are the result is described, with "execute": false.'
)


def _checked(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        check(schema)
    except RefusedSchema as error:
        raise PydanticCustomError("schema", "{problem}", {"problem": str(error)}) from None
    return schema


_NO_PARAMETERS: Final[dict[str, JsonValue]] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}

#: A JSON schema of objects, of draft 2020-12.
ObjectSchema = Annotated[dict[str, JsonValue], AfterValidator(_checked)]


class DescribedFunction(Posted):
    """What the model is shown of the tool."""

    name: str = Field(pattern=TOOL_NAME.pattern)
    description: str | None = Field(default=None, max_length=16_384)
    parameters: ObjectSchema | None = Field(
        default=None, description="JSON schema (draft 2020-12) of the arguments; none by default. Every call is checked against it."
    )
    strict: bool | None = Field(
        default=None,
        description="Providers are asked to keep to a schema in strict form, unless this is false. If it is true, they are asked for every "
        "property, too. What they answer is checked in any case, against the schema as it is posted.",
    )


class ResultTool(Posted):
    """A tool whose calls are not executed: they are the result."""

    type: Literal["function"]
    function: DescribedFunction
    execute: Literal[False]

    @property
    def name(self) -> str:
        return self.function.name

    def offer(self) -> dict[str, JsonValue]:
        """As the model is to be shown it: the fields of ToolOffer."""
        function = self.function
        parameters = function.parameters or _NO_PARAMETERS
        return {
            "name": function.name,
            "description": function.description or "",
            "parameters": parameters,
            "strict_parameters": strict_form(parameters, function.strict),
        }


def _not_executed(value: Any) -> Any:
    posted: Any = value
    if isinstance(value, dict) and posted.get("execute") is not False:
        raise PydanticCustomError("tool_object", _HINT)
    return posted


#: With a hint for those who describe tools that are to run.
PostedResultTool = Annotated[ResultTool, BeforeValidator(_not_executed)]
