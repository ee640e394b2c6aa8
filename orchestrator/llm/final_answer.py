"""A final answer in a given form from models that have no means for it of their own: as the arguments of a tool."""

from typing import Final

from orchestrator.llm.model import ModelReply, ModelRequest, NamedTool, ResponseFormat, ToolOffer
from tasks.arguments import NO_ARGUMENTS, is_absent

#: The tool's name, or the beginning of it where a tool of the run has that name.
NAME: Final = "final_answer"
_DESCRIPTION: Final = "Gives the final answer. Call it alone, once the results of all other calls are known; it ends the conversation."


def asked(request: ModelRequest, form: ResponseFormat) -> ModelRequest:
    """The request with the tool in place of the form. It must be called where it is the only tool that can be."""
    name = _free_name(request)
    description = f"{_DESCRIPTION} {form.description}" if form.description else _DESCRIPTION
    offer = ToolOffer(
        name=name,
        description=description,
        parameters=form.answer_schema,
        strict_parameters=form.strict_schema,
    )
    is_only = not request.tools or request.tool_choice == "none"
    choice = NamedTool(name=name) if is_only else request.tool_choice
    return request.model_copy(update={"tools": (*request.tools, offer), "tool_choice": choice, "response_format": None})


def taken(reply: ModelReply, wished: ModelRequest, sent: ModelRequest) -> ModelReply:
    """The reply with the answer as its content, where its only call gives it."""
    if sent.response_format == wished.response_format or len(reply.calls) != 1 or reply.calls[0].name != sent.tools[-1].name:
        return reply
    arguments = reply.calls[0].arguments
    finish_reason = "stop" if reply.finish_reason == "tool_calls" else reply.finish_reason
    content = NO_ARGUMENTS if is_absent(arguments) else arguments
    return reply.model_copy(update={"content": content, "calls": (), "raw": None, "finish_reason": finish_reason})


def _free_name(request: ModelRequest) -> str:
    name, taken_names = NAME, {tool.name for tool in request.tools}
    while name in taken_names:
        name += "_"
    return name
