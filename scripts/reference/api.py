"""The HTTP API, from its own OpenAPI document."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from orchestrator import errors
from orchestrator.api import refusals
from orchestrator.app import app
from orchestrator.errors import Refusal
from scripts.reference.markdown import code, table
from scripts.reference.schema import kind_of

#: The objects that a page describes, in its order.
_RUNS: Final = (
    "RunRequest",
    "RunObject",
    "TurnObject",
    "ToolCallObject",
    "Usage",
    "RunWarning",
    "IncompleteDetails",
    "RunError",
    "CallError",
)
_ASKED: Final = ("ResultTool", "DescribedFunction", "JsonSchemaFormat", "JsonSchema", "JsonObjectFormat")
_OTHERS: Final = ("ToolObject", "Problem", "FieldError")
_MESSAGES: Final = ("SystemMessage", "UserMessage", "AssistantMessage", "MessageToolCall", "ToolMessage", "TextPart", "ImagePart")
#: What a caller sends has defaults; what is answered is always there.
_POSTED: Final = frozenset({"RunRequest", *_ASKED, *_MESSAGES})

Json = Mapping[str, Any]


def document_as_json() -> str:
    """The file openapi.json."""
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


def _operations() -> str:
    return "\n\n".join(
        _operation(method.upper(), path, found) for path, methods in app.openapi()["paths"].items() for method, found in methods.items()
    )


def _operation(method: str, path: str, found: Json) -> str:
    parameters = [_parameter(parameter) for parameter in found.get("parameters", ())]
    parts = [f"### {method} {path}", found["description"]]
    if parameters:
        parts.append(table(("parameter", "in", "type", "meaning"), parameters))
    if body := found.get("requestBody"):
        parts.append(f"The body is a {kind_of(_schema(body))}.")
    parts.append(table(("status", "body", "meaning"), map(_response, found["responses"].items())))
    return "\n\n".join(parts)


def _parameter(found: Json) -> Sequence[str]:
    name = found["name"].title() if found["in"] == "header" else found["name"]
    schema = found["schema"]
    default = f" Default {code(schema['default'])}." if "default" in schema else ""
    return code(name), found["in"], kind_of(schema), found.get("description", "") + default


def _response(item: tuple[str, Json]) -> Sequence[str]:
    status, found = item
    return status, kind_of(_schema(found)), found["description"].replace("Successful Response", "")


def _schema(holder: Json) -> Json:
    """The schema of a body; an empty one where there is no body."""
    for content in holder.get("content", {}).values():
        return content["schema"]
    return {}


def _described(names: Sequence[str]) -> str:
    schemas = app.openapi()["components"]["schemas"]
    return "\n\n".join(_object(name, schemas[name]) for name in names)


def _object(name: str, schema: Json) -> str:
    sentences = " ".join(schema["description"].split())
    return f"### {name}\n\n{sentences}\n\n{_fields(name, schema)}"


def _fields(name: str, schema: Json) -> str:
    required = schema.get("required", ())
    rows = [
        (code(field), kind_of(found) + (", required" if name in _POSTED and field in required else ""), found.get("description", ""))
        for field, found in schema["properties"].items()
    ]
    return table(("field", "type", "meaning"), rows)


def _problems() -> str:
    rows = sorted((kind.status, kind.code, kind.__doc__ or "") for kind in _refusals())
    return table(("status", "code", "meaning"), ((str(status), code(word), meaning) for status, word, meaning in rows))


def _refusals() -> set[type[Refusal]]:
    named = [*vars(errors).values(), *vars(refusals).values()]
    return {kind for kind in named if isinstance(kind, type) and issubclass(kind, Refusal)} - {Refusal}


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "operations": _operations,
    "objects": lambda: _described((*_RUNS[:1], *_ASKED, *_RUNS[1:], *_OTHERS)),
    "messages": lambda: _described(_MESSAGES),
    "problem-codes": _problems,
}
