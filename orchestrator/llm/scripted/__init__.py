"""The scripted model: a server that speaks the providers' wire formats and answers from a script.

It is no language model. Users' tests and the demo without a key run on it; this package's names are public.
"""

from orchestrator.llm.scripted.faults import CloseFault, ErrorFault, Fault, RawFault
from orchestrator.llm.scripted.library import LibraryFullError
from orchestrator.llm.scripted.loading import ScriptError, load_script, read_script
from orchestrator.llm.scripted.log import ReceivedRequest
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.script import Conversation, Match, Reply, Script, ScriptedCall, StreamStyle, TokenCounts
from orchestrator.llm.scripted.server import ScriptedModel, serve

__all__ = [
    "CloseFault",
    "Conversation",
    "ErrorFault",
    "Fault",
    "LibraryFullError",
    "Match",
    "RawFault",
    "ReceivedRequest",
    "Reply",
    "RequestError",
    "Script",
    "ScriptError",
    "ScriptedCall",
    "ScriptedModel",
    "StreamStyle",
    "TokenCounts",
    "load_script",
    "read_script",
    "serve",
]
