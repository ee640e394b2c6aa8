"""Objects whose fields have defaults, from the class to every provider and back."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from orchestrator.client.forms import Form
from orchestrator.llm.models import Models
from orchestrator.llm.records import PROVIDERS
from orchestrator.llm.scripted import Reply, Script, ScriptedCall, ScriptedModel
from orchestrator.runs import RunView
from orchestrator.schemas.request import RunRequest
from orchestrator.turns import Turns
from tests.integration.loop import QUESTION, Bench, Make

EVERY = pytest.mark.parametrize("provider", [*PROVIDERS])
ANSWERS = ('{"location":"Oslo"}', '{"location":"Oslo","units":null}')


class Place(BaseModel):
    """A place on earth."""

    country: str = "Norway"


class Weather(BaseModel):
    """The weather in a place."""

    location: str
    units: Literal["imperial", "metric"] = "metric"
    place: Place = Field(default=Place())


@pytest.fixture(scope="module")
def models() -> Iterator[Models]:
    """All providers at one scripted server, which leaves out what has a default, or says null."""
    with ScriptedModel() as scripted:
        made = (ScriptedCall.of("Weather", location="Oslo"), ScriptedCall.of("Weather", location="Oslo", units=None, place={}))
        scripted.register("calls", Script.of(Reply(tool_calls=made)))
        for index, content in enumerate(ANSWERS):
            scripted.register(f"answer-{index}", Script.of(Reply(content=content)))
        access = {name: value for provider in PROVIDERS.values() for name, value in provider.at(scripted.url).items()}
        models = Models(access, connections=4)
        yield models
        models.close()


def _ended(bench: Bench, models: Models, model: str, **fields: Any) -> RunView:
    """The run that such a request is, by these models."""
    posted = RunRequest.model_validate({"messages": [QUESTION]} | fields)
    form = posted.response_format.form() if posted.response_format else None
    bench.turns = Turns(bench.database, models, bench.dispatcher, bench.grants, bench.closer, model_timeout_s=10, max_calls_per_turn=100)
    return bench.run(model=model, tools=posted.tool_names(), result_tools=posted.result_tools(), response_format=form, max_repairs=0)


@EVERY
def test_a_call_may_leave_out_what_has_a_default(make: Make, models: Models, provider: str) -> None:
    """Or say null for it: no repair, and the class's own default."""
    form = Form(Weather)

    view = _ended(make(), models, f"{provider}/scripted/calls", tools=[form.tool()])

    assert (view.run.status, [call.status for call in view.calls]) == ("completed", ["succeeded"] * 2)
    assert [form.read(call.arguments) for call in view.calls] == [Weather(location="Oslo")] * 2


@EVERY
@pytest.mark.parametrize("index", range(len(ANSWERS)))
def test_an_answer_may_leave_out_what_has_a_default(make: Make, models: Models, provider: str, index: int) -> None:
    """The same for a final answer."""
    form = Form(Weather)

    view = _ended(make(), models, f"{provider}/scripted/answer-{index}", response_format=form.response_format())

    assert (view.run.status, view.run.incomplete_reason) == ("completed", None)
    assert form.read(view.turns[-1].content or "") == Weather(location="Oslo")
