"""What can go wrong with a tool.

An error's class docstring is its default message:

    ToolError
    ├── DeclarationError        the tool's author: mend the declaration
    ├── RetryTool               raised by a tool: infrastructure failed, run the call again
    ├── ToolInputError          raised by a tool: the model can mend its arguments
    ├── ToolFailed              raised by a tool: final, the model is told
    ├── ToolTimeout             raised by what runs a tool: its time is over
    └── UnserialisableResult    raised when the returned value cannot be written as JSON
"""

import inspect


class ToolError(Exception):
    """The tool did not give a result."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or type(self).__name__)


class DeclarationError(ToolError):
    """The tool is not declared correctly."""


class RetryTool(ToolError):
    """The tool could not do its work now and asks to be called again."""

    def __init__(self, message: str | None = None, after_s: float | None = None) -> None:
        """`after_s`: seconds to wait before the next attempt; without it the wait doubles with each attempt."""
        super().__init__(message)
        self.after_s = after_s


class ToolInputError(ToolError):
    """The tool cannot work with these arguments. Change them and call again."""


class ToolFailed(ToolError):
    """The tool cannot do this. Calling it again does not help."""


class ToolTimeout(ToolError):
    """The tool did not finish in its time."""


class UnserialisableResult(ToolError):
    """The tool returned a value that cannot be written as JSON."""
