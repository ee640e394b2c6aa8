"""The door of the API: under a flood most requests come no further, so a refusal here must cost next to nothing."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.api.problems import refused

#: In the state of a request that was refused here: the log tells of these together, and not one by one.
AT_DOOR: Final = "refused_at_door"
_STARTS: Final = ("POST", "/v1/runs")


class Door:
    """ASGI middleware before the routes. The route asks again, since what is not known yet is let through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"], scope["path"]) == _STARTS:
            refusal = scope["app"].state.services.admission.refusal()
            if refusal is not None:
                scope["state"][AT_DOOR] = True
                await refused(scope, refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)
