"""A tool for each function of the leaderboard's records. Each echoes its name and its arguments."""

from inspect import Parameter, Signature
from typing import Any, Final

from pydantic import JsonValue

from tasks import Tool, ToolContext, tool
from tests.acceptance import bfcl
from tests.acceptance.bfcl import Definition, Record
from tests.acceptance.ledger import recorded

_CONTEXT: Final = "context"


def _tools(record: Record) -> dict[str, Tool[..., Any]]:
    return {
        record.tool_name(index): _tool(record, record.tool_name(index), definition) for index, definition in enumerate(record.functions)
    }


def _tool(record: Record, name: str, definition: Definition) -> Tool[..., Any]:
    """Every second record's tools are `async def`, so that both workers take part."""
    parameters = bfcl.signature(definition)
    theirs = dict(zip((parameter.name for parameter in parameters), definition.parameters.get("properties", {}), strict=True))

    def echo(context: ToolContext, given: dict[str, Any]) -> JsonValue:
        arguments = {theirs[key]: value for key, value in given.items()}
        with recorded(name, context, arguments):
            return {"tool": name, "arguments": arguments}

    async def at_once(*, context: ToolContext, **given: Any) -> JsonValue:
        return echo(context, given)

    def in_a_process(*, context: ToolContext, **given: Any) -> JsonValue:
        return echo(context, given)

    function = in_a_process if record.number % 2 else at_once
    vars(function)["__signature__"] = Signature([*parameters, Parameter(_CONTEXT, Parameter.KEYWORD_ONLY, annotation=ToolContext)])
    return tool(name=name, description=definition.description, idempotent=True)(function)


# A worker looks for tools among a module's names.
globals().update({name: made for record in bfcl.selected() for name, made in _tools(record).items()})
