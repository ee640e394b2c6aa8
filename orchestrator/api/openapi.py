"""What FastAPI cannot know of this API: bodies that we read ourselves, and problems of their own media type."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from orchestrator.api.problems import MEDIA_TYPE
from orchestrator.schemas.problem import Problem

_MEANINGS: Final = {
    400: "The body is not one JSON object in UTF-8, or others could read it differently.",
    404: "There is no such run.",
    408: "The body did not arrive in time.",
    413: "The body has too many bytes.",
    415: "The body is not application/json.",
    422: "Fields have errors: see `errors`.",
    429: "As many runs are queued or running as are taken. Nothing was created. Try again after the seconds of Retry-After.",
    503: "Overloaded (new runs only), or Postgres is away. Try again after the seconds of Retry-After.",
}
#: These say when to try again.
_LATER: Final = {"headers": {"Retry-After": {"description": "Whole seconds.", "schema": {"type": "integer"}}}}
_REFERENCE: Final = "#/components/schemas/{model}"


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation, for its `responses`."""
    return {status: {"model": Problem, "description": _MEANINGS[status], **_headers(status)} for status in statuses}


def _headers(status: int) -> dict[str, Any]:
    return _LATER if status in {429, 503} else {}


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """A JSON body that a dependency reads, for `openapi_extra`."""
    schema = model.model_json_schema(ref_template=_REFERENCE)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


class DescribedAPI(FastAPI):
    """FastAPI with a description that holds for our problems and bodies too."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            components = document["components"]["schemas"]
            for operation in _operations(document):
                _share_schemas(operation, components)
                _name_problems(operation)
            # FastAPI's own form of a refusal, which none of our answers has.
            components.pop("HTTPValidationError", None)
            components.pop("ValidationError", None)
        return super().openapi()


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _share_schemas(operation: dict[str, Any], components: dict[str, Any]) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        components.update(content["schema"].pop("$defs", {}))
        components[content["schema"]["title"]] = content["schema"]
        content["schema"] = {"$ref": _REFERENCE.format(model=content["schema"]["title"])}


def _name_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status, response in list(responses.items()):
        content = response.get("content", {})
        match content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]:
            case "Problem":
                content[MEDIA_TYPE] = content.pop("application/json")
            case "HTTPValidationError":
                # Added by FastAPI wherever there is a parameter, be it one that any text fits.
                del responses[status]
            case _:
                pass
