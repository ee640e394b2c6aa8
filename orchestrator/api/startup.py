"""Words for a process that cannot start."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ADVICE: Final = "SystemExit: "


class BriefFailure:
    """ASGI middleware: where a setting is missing, the server logs what to do, and not where our code noticed it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_brief(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                message["message"] = _brief(message["message"])
            await send(message)

        await self._app(scope, receive, send_brief if scope["type"] == "lifespan" else send)


def _brief(trace: str) -> str:
    """The advice at a traceback's end; any other failure is told in full."""
    last = trace.strip().rpartition("\n")[2]
    return last.removeprefix(_ADVICE) if last.startswith(_ADVICE) else trace
