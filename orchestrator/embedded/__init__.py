"""Real Postgres and Redis servers for a machine that has none: for the demo, for development and for the tests."""

from orchestrator.embedded.servers import EmbeddedServers

__all__ = ["EmbeddedServers"]
