"""A tool for each name that the recordings offer or call. Definitions of one name differ, so each takes any object."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, JsonValue

from tasks import ToolContext, tool
from tests.acceptance.ledger import recorded
from tests.acceptance.recorded.conversations import playable


def _tool(name: str) -> type[BaseModel]:
    """Echoes its name and its arguments."""

    class Recorded(BaseModel):
        model_config = ConfigDict(extra="allow")

        async def run(self, context: ToolContext) -> JsonValue:
            arguments: dict[str, Any] = self.model_extra or {}
            with recorded(name, context, arguments):
                return {"tool": name, "arguments": arguments}

    return tool(name=name, description="Was recorded.")(Recorded)


_NAMES: Final = dict.fromkeys(name for conversation in playable() for name in conversation.tool_names)
# A worker looks for tools among a module's names.
globals().update({f"tool_{index}": _tool(name) for index, name in enumerate(_NAMES)})
