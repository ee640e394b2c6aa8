"""One server for all recorded conversations: the name of the model says which one is meant."""

import json
import threading
from collections import defaultdict
from collections.abc import Sequence

from tests.acceptance.recorded.conversations import Conversation
from tests.acceptance.recorded.formats import Request
from tests.replay import AnsweringServer, Interaction, Received


class RecordedServer(AnsweringServer):
    """Answers each conversation's requests in their order."""

    def __init__(self, conversations: Sequence[Conversation]) -> None:
        self._conversations = {conversation.model: conversation for conversation in conversations}
        self._received: defaultdict[str, list[Request]] = defaultdict(list)
        self._lock = threading.Lock()
        super().__init__(self._answer)

    def requests(self, conversation: Conversation) -> list[Request]:
        """What was asked in this conversation, in order."""
        with self._lock:
            return list(self._received[conversation.model])

    def _answer(self, received: Received) -> Interaction:
        request = Request(received.path, received.body)
        conversation = self._conversations.get(request.model)
        if conversation is None:
            return _unknown(request)
        with self._lock:
            index = len(self._received[request.model])
            self._received[request.model].append(request)
        return conversation.answer(index, request)


def _unknown(request: Request) -> Interaction:
    body = json.dumps({"error": {"message": f"There is no recording of the model {request.model!r}."}}).encode()
    return Interaction("POST", request.path, None, 404, {"content-type": "application/json"}, body)
