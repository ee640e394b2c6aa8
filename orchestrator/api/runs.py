"""/v1/runs: start, read, list and cancel."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from orchestrator import transcript
from orchestrator.api import body, filters, idempotency
from orchestrator.api.answers import answer, answer_once
from orchestrator.api.fields import field_errors
from orchestrator.api.openapi import problems, request_body
from orchestrator.api.path import RunId
from orchestrator.api.prefer import wait_s
from orchestrator.api.refusals import InvalidRequest
from orchestrator.api.render import run_object, run_summary
from orchestrator.api.services import Given
from orchestrator.errors import Unacceptable
from orchestrator.ids import RUN_ID
from orchestrator.runs import NewRun, Runs
from orchestrator.schemas.request import RunRequest
from orchestrator.schemas.run import RunList, RunObject, RunStatus
from orchestrator.settings import Settings
from orchestrator.store.runs import OPEN

router: Final = APIRouter(prefix="/v1/runs", tags=["runs"])


def _checked(content: bytes) -> RunRequest:
    try:
        posted = RunRequest.model_validate(body.parse(content))
        transcript.check(posted.posted_messages())
    except ValidationError as error:
        raise InvalidRequest(field_errors(error.errors(include_url=False, include_input=False))) from None
    except transcript.IllegalTranscript as error:
        raise Unacceptable(error.message, error.path) from None
    return posted


_Prefer = Annotated[list[str] | None, Header(description="`wait=30` waits up to 30 seconds for the run's end (RFC 7240).")]
_Keys = Annotated[
    list[str] | None,
    Header(
        alias="Idempotency-Key",
        description="Your own name of this request, 1 to 255 visible ASCII characters. Sent again within a day it starts no second run.",
    ),
]
_IfNoneMatch = Annotated[str | None, Header(description="The ETag of an earlier answer: 304 while nothing has changed.")]


@router.post(
    "",
    status_code=202,
    operation_id="create_run",
    response_model=RunObject,
    responses={
        200: {"model": RunObject, "description": "The run has ended within the time of `Prefer: wait`."},
        202: {"description": "The run is accepted.", "headers": {"Location": {"schema": {"type": "string"}}}},
        **problems(400, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra=request_body(RunRequest),
)
async def create_run(request: Request, services: Given, prefer: _Prefer = None, keys: _Keys = None) -> Response:
    """Starts a run. An accepted run is never lost; Location says where to read it. Under overload nothing is read or
    created, and a request that was sent before with the same key may be refused too."""
    seconds = wait_s(prefer or [], services.settings.max_wait_s)
    async with services.admission.starting():
        content = await body.read(request, services.settings.max_body_bytes)
        posted = await services.admission.in_thread(_checked, content)
        new = _new_run(posted, services.settings, idempotency.key(keys or []))
        run_id = await services.admission.in_thread(services.runs.start, new)
    if seconds:
        await services.waiters.wait(run_id, seconds, _gone(request))
    return await run_in_threadpool(_accepted, services.runs, run_id, seconds)


@router.get(
    "", operation_id="list_runs", response_model=RunList, responses=problems(422, 503), openapi_extra={"parameters": [filters.PARAMETER]}
)
def list_runs(
    services: Given,
    labels: filters.Labels,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(pattern=RUN_ID.pattern, description="The last id of the page before.")] = None,
    status: RunStatus | None = None,
) -> Response:
    """Lists runs, the newest first, without their messages, turns and tool calls."""
    runs = services.runs.page(limit + 1, after, status, labels)
    return answer(RunList(data=[run_summary(run) for run in runs[:limit]], has_more=len(runs) > limit))


@router.get(
    "/{run_id}",
    operation_id="get_run",
    response_model=RunObject,
    responses={304: {"description": "Nothing has changed."}, **problems(404, 503)},
)
def get_run(run_id: RunId, services: Given, if_none_match: _IfNoneMatch = None) -> Response:
    """Reads a run with its transcript, turns and tool calls."""
    return answer_once(run_object(services.runs.read(run_id)), if_none_match)


@router.post("/{run_id}/cancel", operation_id="cancel_run", response_model=RunObject, responses=problems(404, 503))
def cancel_run(run_id: RunId, services: Given) -> Response:
    """Ends an open run: its open tool calls are answered `cancelled`. A run that has ended stays as it is."""
    services.runs.cancel(run_id)
    return answer(run_object(services.runs.read(run_id)))


def _new_run(posted: RunRequest, settings: Settings, idempotency_key: str | None) -> NewRun:
    return NewRun(
        messages=tuple(posted.posted_messages()),
        model=posted.model or settings.model,
        tools=posted.tool_names(),
        result_tools=posted.result_tools(),
        response_format=posted.response_format.form() if posted.response_format else None,
        previous_run_id=posted.previous_run_id,
        max_tool_calls=posted.max_tool_calls,
        max_total_tokens=posted.max_total_tokens,
        max_cost_usd=None if posted.max_cost_usd is None else Decimal(str(posted.max_cost_usd)),
        max_repairs=1 if posted.max_repairs is None else posted.max_repairs,
        stream=posted.stream or False,
        options=posted.options(),
        labels=posted.metadata or {},
        max_turns=posted.max_turns or settings.max_turns,
        max_parallel_tool_calls=posted.max_parallel_tool_calls or settings.max_parallel_tool_calls,
        deadline_s=posted.deadline_s or settings.deadline_s,
        turn_deadline_s=posted.turn_deadline_s,
        start_within_s=posted.start_within_s,
        fail_fast=posted.fail_fast or False,
        idempotency_key=idempotency_key,
    )


def _accepted(runs: Runs, run_id: str, waited_s: float) -> Response:
    view = runs.read(run_id)
    headers = {"Location": f"/v1/runs/{run_id}"}
    if waited_s:
        headers["Preference-Applied"] = f"wait={waited_s:g}"
    return answer(run_object(view), 202 if view.run.status in OPEN else 200, headers)


async def _gone(request: Request) -> None:
    """Returns when the caller has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
