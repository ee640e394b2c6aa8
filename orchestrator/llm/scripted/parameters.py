"""The parameters of a tool, read from its JSON schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from pydantic import JsonValue

from orchestrator.llm.scripted.words import name_words

Schema = Mapping[str, JsonValue]

_TICKER = frozenset({"ticker", "symbol"})
_TOPIC = frozenset({"topic", "query", "subject", "keyword", "keywords", "search", "question", "term", "theme"})


class Kind(Enum):
    """How a free text parameter is found in the question."""

    TICKER = auto()
    TOPIC = auto()
    THING = auto()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool. `schema` is the schema of its value without null."""

    name: str
    schema: Schema
    required: bool
    nullable: bool

    @property
    def type(self) -> str:
        """The JSON type, the first where there are several; text where the schema does not say."""
        return next((each for each in types(self.schema) if each != "null"), "string")

    @property
    def choices(self) -> list[JsonValue]:
        if "const" in self.schema:
            return [self.schema["const"]]
        return [choice for choice in _items(self.schema.get("enum")) if choice is not None]

    @property
    def is_free_text(self) -> bool:
        """The question must name its value."""
        return self.required and self.type == "string" and not (self.choices or self.nullable or "default" in self.schema)

    @property
    def kind(self) -> Kind:
        words = set(name_words(self.name))
        if words & _TICKER:
            return Kind.TICKER
        if words & _TOPIC:
            return Kind.TOPIC
        described = set(name_words(str(self.schema.get("description", ""))))
        return Kind.TICKER if described & _TICKER else Kind.THING


def parameters(schema: Schema) -> list[Parameter]:
    """The parameters in the schema's order."""
    required = _items(schema.get("required"))
    return [_parameter(name, inner, schema, required=name in required) for name, inner in fields(schema.get("properties")).items()]


def _parameter(name: str, inner: JsonValue, root: Schema, *, required: bool) -> Parameter:
    """The parameter with its reference followed and the null of an optional value taken out."""
    schema = _followed(fields(inner), root)
    members = [_followed(fields(member), root) for member in _items(schema.get("anyOf") or schema.get("oneOf"))]
    nullable = "null" in types(schema) or any("null" in types(member) for member in members)
    nothing: Schema = {}
    member = next((each for each in members if "null" not in types(each)), nothing)
    return Parameter(name=name, schema={**member, **schema}, required=required, nullable=nullable)


def _followed(schema: Schema, root: Schema) -> Schema:
    """The schema that a `$ref` into `$defs` means; what stands beside the reference wins."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    target = fields(fields(root.get("$defs")).get(reference.removeprefix("#/$defs/")))
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def types(schema: Schema) -> list[str]:
    """The types that the schema allows, where it says so."""
    kind = schema.get("type")
    return [str(each) for each in (kind if isinstance(kind, list) else [kind]) if each is not None]


def _items(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def fields(value: JsonValue) -> Schema:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
