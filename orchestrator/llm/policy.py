"""A request made to fit what its model can do. What is changed is told, never done in silence."""

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.model import ModelRequest, ModelWarning


def fit(request: ModelRequest, capabilities: Capabilities) -> tuple[ModelRequest, tuple[ModelWarning, ...]]:
    """The request as it can be sent, and what was changed in it."""
    del capabilities
    return request, ()
