"""Chat completions as OpenRouter and Azure answer them."""

import json
from typing import Any

import pytest

from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.script import Reply, TokenCounts
from orchestrator.llm.scripted.signatures import signs
from orchestrator.llm.scripted.wires.azure import Azure
from orchestrator.llm.scripted.wires.openrouter import OpenRouter
from tests.unit.orchestrator.llm.scripted.wires.said import TWO_CALLS, completion

OPENROUTER = OpenRouter()
AZURE = Azure()
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}]}


def test_openrouters_calls_have_an_index() -> None:
    """Also where the answer is whole; provider and native reason are beside it."""
    body = OPENROUTER.body(completion(TWO_CALLS))

    choice = body["choices"][0]
    assert (body["provider"], choice["native_finish_reason"]) == ("Scripted", "tool_calls")
    assert [call["index"] for call in choice["message"]["tool_calls"]] == [0, 1]
    assert choice["message"]["reasoning"] == "Hm, two."
    assert signs(choice["message"]["reasoning_details"][0]["signature"], "Hm, two.")


@pytest.mark.parametrize("reply", [TWO_CALLS, Reply(reasoning="Hm, two.")])
def test_openrouters_stream_begins_with_a_comment(reply: Reply) -> None:
    """The signature follows the reasoning, and the usage comes with a choice and its cost."""
    priced = reply.model_copy(update={"usage": TokenCounts(prompt_tokens=1, completion_tokens=1, cost=0.5)})
    comment, *events, done = OPENROUTER.events(completion(priced, stream=True, stream_options={"include_usage": True}))
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]

    details = [detail for chunk in chunks for detail in chunk["choices"][0]["delta"].get("reasoning_details", ())]
    assert (comment, done) == (b": OPENROUTER PROCESSING\n\n", b"data: [DONE]\n\n")
    assert "".join(detail.get("text", "") for detail in details) == "Hm, two."
    assert [index for index, detail in enumerate(details) if "signature" in detail] == [len(details) - 1]
    assert (chunks[-1]["usage"]["cost"], len(chunks[-1]["choices"])) == (0.5, 1)


def test_openrouters_error_has_the_status_for_its_code() -> None:
    """In a stream it comes in a chunk that ends with it."""
    fault = ErrorFault(status=502, message="Bad gateway", code="upstream_error")
    chunk = json.loads(OPENROUTER.error_event(fault).removeprefix(b"data: "))

    assert OPENROUTER.error(fault)["error"]["code"] == chunk["error"]["code"] == 502
    assert OPENROUTER.error(fault)["error"]["metadata"]["raw"] == "upstream_error"
    assert chunk["choices"][0]["finish_reason"] == "error"


def test_azure_filters_texts_and_no_calls() -> None:
    """The prompt's filter stands beside the choices."""
    said, called = (AZURE.body(completion(reply)) for reply in (Reply(content="Hi"), Reply(tool_calls=TWO_CALLS.tool_calls)))

    assert said["choices"][0]["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}
    assert called["choices"][0]["content_filter_results"] == {}
    assert said["prompt_filter_results"][0]["prompt_index"] == 0


def test_azures_stream_begins_without_choices() -> None:
    """The first chunk is about the prompt alone."""
    first, second, *_ = AZURE.chunks(completion(Reply(content="Hi")))

    assert (first["choices"], first["id"]) == ([], "")
    assert second["choices"][0]["delta"]["role"] == "assistant"


def test_azures_deployment_is_the_model() -> None:
    """Where the path names one, it needs an api-version too."""
    place = {"deployment": "scripted/a", "api_version": "2024-10-21"}

    assert AZURE.read({**ASKED, "model": "other"}, place).model == "scripted/a"
    assert AZURE.read({**ASKED, "model": "other"}, {"api_version": ""}).model == "other"
    with pytest.raises(RequestError, match="Resource not found") as caught:
        AZURE.read(ASKED, place | {"api_version": ""})
    assert caught.value.status == 404
