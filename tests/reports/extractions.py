"""Programs that ask for typed calls, in any provider's format."""

from collections.abc import Iterable

from pydantic import BaseModel

from orchestrator.llm.scripted import Reply, ScriptedCall
from tests.reports.service import Client

_MESSAGES = [{"role": "user", "content": "The weather in Tokyo, and news of AI."}]
_CALLS = Reply(tool_calls=(ScriptedCall.of("Weather", city="Tokyo"), ScriptedCall.of("GoogleSearch", query="AI")))


class Weather(BaseModel):
    """Looks at the sky."""

    city: str


class GoogleSearch(BaseModel):
    """Looks at the web."""

    query: str


def words_instead_of_calls_are_no_crash(client: Client) -> None:
    """The model makes no call."""
    with client.asking(Reply(content="I need no tool.")) as toolchord:
        found = toolchord.calls(model="openai/gpt-5-mini", messages=_MESSAGES, types=Weather | GoogleSearch)

    assert (list(found), found.output) == ([], "I need no tool.")


def calls_of_a_union_are_objects(client: Client) -> None:
    """Asked for as instructor's parallel mode is: an iterable of a union."""
    for model in ("openai/gpt-5-mini", "openai-responses/gpt-5-mini", "anthropic/claude-sonnet-5-5", "openrouter/m"):
        with client.asking(_CALLS) as toolchord:
            found = toolchord.calls(model=model, messages=_MESSAGES, types=Iterable[Weather | GoogleSearch])

        assert list(found) == [Weather(city="Tokyo"), GoogleSearch(query="AI")], model
        assert len(set(found.ids)) == 2


def calls_of_vertex_are_objects(client: Client) -> None:
    """All calls of a Gemini answer."""
    for model in ("vertex/gemini-3.5-flash", "google/gemini-2.5-flash"):
        with client.asking(_CALLS) as toolchord:
            found = toolchord.calls(model=model, messages=_MESSAGES, types=(Weather, GoogleSearch))

        assert list(found) == [Weather(city="Tokyo"), GoogleSearch(query="AI")], model
