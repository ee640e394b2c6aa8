"""A whole local Toolchord: every process of it, each as it would run on a host of its own."""

from orchestrator.stack.stack import Stack

__all__ = ["Stack"]
