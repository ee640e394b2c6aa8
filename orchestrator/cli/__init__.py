"""The command line of Toolchord."""

from orchestrator.cli.root import main

__all__ = ["main"]
