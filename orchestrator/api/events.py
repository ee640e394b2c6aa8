"""/v1/runs/{id}/events: what happened to a run, as a list or live."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response
from starlette.concurrency import run_in_threadpool

from orchestrator.api.answers import answer
from orchestrator.api.openapi import problems
from orchestrator.api.path import RunId
from orchestrator.api.render import event_object
from orchestrator.api.services import Given, Services
from orchestrator.schemas.run import EventList

router: Final = APIRouter(prefix="/v1/runs", tags=["runs"])

_STREAM: Final = "text/event-stream"
_LARGEST: Final = 2**31 - 1


@router.get(
    "/{run_id}/events",
    operation_id="list_run_events",
    response_model=EventList,
    responses={
        200: {"description": "A page of events, or a stream of them.", "content": {_STREAM: {"schema": {"type": "string"}}}},
        204: {"description": "The stream is over: the run has ended, and its last event is known."},
        **problems(404, 422, 503),
    },
)
async def list_run_events(
    run_id: RunId,
    services: Given,
    after: Annotated[int, Query(ge=0, le=_LARGEST, description="The seq of the last event that is known.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="Of a list; a stream has no limit.")] = 100,
    accept: Annotated[str | None, Header(description="`text/event-stream` for a live stream.")] = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=_LARGEST, description="The same as `after`, as browsers send it.")] = None,
) -> Response:
    """Lists what happened to a run, in order: each change of the run, its model calls and its tool calls. As a stream it goes on
    until the run has ended, each event with its seq as id; in between come `text.begin` and `text.delta` with the model's text
    while it is written, where the run was asked to `stream`. These have no id, and are not kept: what has a greater `turn`,
    `attempt` or `try` makes the text before it void."""
    if _STREAM in (accept or ""):
        return await _stream(services, run_id, after if last_event_id is None else last_event_id)
    events = await run_in_threadpool(services.runs.events, run_id, after, limit + 1)
    return answer(EventList(data=[event_object(event) for event in events[:limit]], has_more=len(events) > limit))


async def _stream(services: Services, run_id: str, after: int) -> Response:
    # In this order: what ends in between is still told.
    has_ended = bool(await run_in_threadpool(services.runs.ended, [run_id]))
    if await run_in_threadpool(services.runs.events, run_id, after, 1):
        return services.streams.open(run_id, after)
    # Without this a browser would come back for ever.
    if has_ended:
        return Response(status_code=204)
    # Nobody knows events that are yet to come; whoever says so would wait for ever.
    latest = await run_in_threadpool(services.runs.latest_events, [run_id])
    return services.streams.open(run_id, min(after, latest[run_id]))
