"""Where the two sides meet: what a tool is, and what travels between the orchestrator and the workers."""

from tasks.context import ToolContext
from tasks.errors import DeclarationError, RetryTool, ToolFailed, ToolInputError
from tasks.invoke import invoke
from tasks.tool import Tool, tool, tool_of

__all__ = ["DeclarationError", "RetryTool", "Tool", "ToolContext", "ToolFailed", "ToolInputError", "invoke", "tool", "tool_of"]
