"""What ends a command other than success, and the exit code that says which."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """The exit codes of every command, each with its meaning."""

    OK = 0, "done"
    FAILED = 1, "the run failed, was cancelled or is incomplete, or a check found a fault"
    USAGE = 2, "wrong option, argument or setting"
    UNAVAILABLE = 3, "the service cannot be reached, started or asked now"
    NOT_FOUND = 4, "there is no such run or tool"
    REFUSED = 5, "the service refused the request"
    INTERRUPTED = 130, "interrupted by Ctrl-C"

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class CommandError(Exception):
    """A command cannot do what it was asked. The message says why and what to do."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code
