"""The form that a caller wants the final answer in."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, Tag

from orchestrator.forms.strict import strict_form
from orchestrator.schemas.base import Posted, by_word
from orchestrator.schemas.result_tool import ObjectSchema
from tasks.names import TOOL_NAME


class JsonSchema(Posted):
    """A named JSON schema of the answer."""

    name: str = Field(pattern=TOOL_NAME.pattern)
    description: str | None = Field(default=None, max_length=16_384)
    schema_: ObjectSchema = Field(alias="schema", description="JSON schema (draft 2020-12) of the answer, which is an object.")
    strict: bool | None = Field(
        default=None,
        description="Providers are asked to keep to a schema in strict form, unless this is false. If it is true, they are asked for every "
        "property, too. What they answer is checked in any case, against the schema as it is posted.",
    )


class JsonSchemaFormat(Posted):
    """The answer is JSON that fits a schema."""

    type: Literal["json_schema"]
    json_schema: JsonSchema

    def form(self) -> dict[str, JsonValue]:
        """The fields of orchestrator.llm.model.ResponseFormat."""
        asked = self.json_schema
        return {
            "name": asked.name,
            "answer_schema": asked.schema_,
            "description": asked.description,
            "strict_schema": strict_form(asked.schema_, asked.strict),
        }


class JsonObjectFormat(Posted):
    """The answer is a JSON object."""

    type: Literal["json_object"]

    def form(self) -> dict[str, JsonValue]:
        """The same for any object."""
        return {"name": "answer", "answer_schema": {"type": "object"}, "description": None, "strict_schema": None}


PostedFormat = Annotated[
    Annotated[JsonSchemaFormat, Tag("<json_schema>")] | Annotated[JsonObjectFormat, Tag("<json_object>")],
    by_word("type", "json_schema", "json_object"),
]
