"""What can go wrong with the processes of a local Toolchord.

StackError
 |- ProcessDiedError          a process ended that should run
 |- NotReadyError             the processes live, but are not ready in time
 |- FolderInUseError          another process works in the data folder
 |- ServerUnavailableError    Postgres or Redis is not on this machine, or cannot be started here
"""


class StackError(Exception):
    """The local processes could not be started or kept running; the text says why and what to do."""


class ProcessDiedError(StackError):
    """A process ended that should run."""

    def __init__(self, name: str, exit_code: int | None, log_tail: str) -> None:
        self.name = name
        self.exit_code = exit_code
        self.log_tail = log_tail
        super().__init__(f"The process {name} ended with exit code {exit_code}. Its last log lines:\n{log_tail}")


class NotReadyError(StackError):
    """The processes live, but are not ready in time."""


class FolderInUseError(StackError):
    """Another process works in the data folder."""


class ServerUnavailableError(StackError):
    """Postgres or Redis is not on this machine, or cannot be started here."""
