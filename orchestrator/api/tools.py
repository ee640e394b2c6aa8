"""/v1/tools: what the workers offer."""

from typing import Final

from fastapi import APIRouter, Response

from orchestrator.api.answers import answer
from orchestrator.api.openapi import problems
from orchestrator.api.render import tool_object
from orchestrator.api.services import Given
from orchestrator.schemas.tool import ToolList

router: Final = APIRouter(prefix="/v1/tools", tags=["tools"])


@router.get("", operation_id="list_tools", response_model=ToolList, responses=problems(503))
def list_tools(services: Given) -> Response:
    """Lists the tools that new runs may name, each in its newest version."""
    live = services.runs.live_tools()
    return answer(ToolList(data=[tool_object(known, live=(known.name, known.schema_hash) in live) for known in services.runs.tools()]))
