"""The providers that Toolchord knows."""

import json

import pytest

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.model import ModelRequest, Sampling
from orchestrator.llm.provider import ModelName, Provider
from orchestrator.llm.records import PROVIDERS, configured, incomplete, named, of_others, unknown
from orchestrator.llm.wire import Target
from orchestrator.messages import AssistantMessage, Call, ToolMessage, UserMessage

ALL = pytest.mark.parametrize("provider", [pytest.param(provider, id=name) for name, provider in PROVIDERS.items()])


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-5-mini", ModelName("openai", "gpt-5-mini")),
        ("openai-responses/gpt-5-mini", ModelName("openai-responses", "gpt-5-mini")),
        ("azure/my-deployment", ModelName("azure", "my-deployment")),
        ("openrouter/google/gemini-2.5-flash-lite", ModelName("openrouter", "google/gemini-2.5-flash-lite")),
        ("vllm/Qwen/Qwen3-32B", ModelName("vllm", "Qwen/Qwen3-32B")),
        ("gpt-5-mini", ModelName("openai", "gpt-5-mini")),
        ("meta-llama/Llama-3.3-70B", ModelName("openai", "meta-llama/Llama-3.3-70B")),
        ("scripted", ModelName("openai", "scripted")),
        ("scripted/demo", ModelName("openai", "scripted/demo")),
        ("openai", ModelName("openai", "openai")),
        ("openai/", ModelName("openai", "openai/")),
    ],
)
def test_a_model_names_its_provider(model: str, name: ModelName) -> None:
    """A first word that is no provider is part of the model's own name."""
    assert named(model) == name


@pytest.mark.parametrize("model", ["openai/", "foo/", "/x", "/"])
def test_a_name_with_an_empty_part_is_incomplete(model: str) -> None:
    """It is told which part."""
    assert f"names no {'model' if model[0] != '/' else 'provider'}" in (incomplete(model) or "")


@pytest.mark.parametrize("model", ["gpt-5-mini", "openai/gpt-5-mini", "scripted/demo", "vllm//data/models/llama"])
def test_other_names_are_complete(model: str) -> None:
    """What a server calls its models is its own affair."""
    assert incomplete(model) is None


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("antropic/claude", "'antropic' is no provider that Toolchord knows. Did you mean anthropic? Known: openai, openai-responses, "),
        ("Gogle/gemini", "Did you mean google?"),
        ("meta-llama/Llama-3.3-70B", "A model of OpenAI with a slash in its name is openai/meta-llama/Llama-3.3-70B."),
    ],
)
def test_a_first_word_that_is_no_provider_is_told(model: str, said: str) -> None:
    """With the provider that is likely meant, if any, and what there is."""
    assert said in (unknown(model) or "")


def test_what_is_unlike_any_provider_is_not_guessed() -> None:
    """A wrong guess leads astray."""
    assert "Did you mean" not in (unknown("xyz/model") or "")


@pytest.mark.parametrize("model", ["gpt-5-mini", "scripted", "openai/antropic/claude", "anthropic/claude-sonnet-4-5"])
def test_names_of_providers_and_plain_names_are_known(model: str) -> None:
    """A name without a slash is the default provider's."""
    assert unknown(model) is None


def test_another_server_may_call_its_models_as_it_likes() -> None:
    """It stands in OpenAI's place."""
    assert (of_others({"OPENAI_BASE_URL": "http://x/v1"}), of_others({"OPENAI_API_KEY": "k"}) is None) == (None, False)


@ALL
def test_a_providers_variables_are_told(provider: Provider) -> None:
    """What is needed, and what leads to a scripted server, has a description."""
    names = {variable.name for variable in provider.variables}
    assert {name for group in provider.needs for name in group} | set(provider.at("http://x.test")) <= names
    assert named(provider.example).provider == provider.name


@ALL
def test_a_provider_at_a_scripted_server_can_be_asked(provider: Provider) -> None:
    """Nothing else needs to be set."""
    assert (provider.problem(provider.at("http://x.test")), provider.is_set({})) == (None, False)


@ALL
def test_a_provider_that_is_not_set_up_says_what_to_set(provider: Provider) -> None:
    """One variable of each group."""
    problem = provider.problem({}) or ""
    assert all(any(name in problem for name in group) for group in provider.needs)


def test_nothing_is_configured_where_nothing_is_set() -> None:
    """Not even a server of this host: a run must not reach what nobody offered."""
    assert (configured({}), configured({"OLLAMA_BASE_URL": "http://localhost:11434/v1"})) == (False, True)


@pytest.mark.parametrize(
    ("provider", "model", "changes"),
    [
        ("openai", "o3-mini", {"parallel_flag": None}),
        ("openai", "o1", {"parallel_flag": None}),
        ("openrouter", "openai/o4-mini-high", {"parallel_flag": None}),
        ("openai", "gpt-4o", {}),
        ("openai", "olmo", {}),
        ("openai", "ft:gpt-4o:me", {"strict_with_parallel": False}),
        ("openai-responses", "gpt-4o-mini", {"encrypted_reasoning": False}),
        ("openai-responses", "ft:gpt-4o:me", {"encrypted_reasoning": False, "strict_with_parallel": False}),
        ("openai-responses", "gpt-5-chat-latest", {"encrypted_reasoning": False}),
        ("openai-responses", "gpt-5-mini", {}),
        ("azure", "o3-mini", {"parallel_flag": None}),
    ],
)
def test_some_models_differ_from_their_providers_others(provider: str, model: str, changes: dict[str, object]) -> None:
    """The record says how, and why."""
    record = PROVIDERS[provider]
    assert record.of_model(model) == record.capabilities.changed(**changes)


@ALL
def test_a_records_words_are_fields(provider: Provider) -> None:
    """A misspelt one would mean nothing."""
    assert provider.capabilities.sampling <= set(Sampling.model_fields)
    assert {name for each in provider.exceptions for name in each.changes} <= set(Capabilities.model_fields)


@ALL
def test_a_failed_result_is_marked_by_the_field_that_the_record_names(provider: Provider) -> None:
    """And told by its text alone where the record names none."""
    succeeded, failed = (_answered(provider, is_error=is_error) for is_error in (False, True))

    flag = provider.capabilities.error_flag
    assert (succeeded != failed) is (flag is not None)
    assert flag is None or f'"{flag.rpartition(".")[2]}"' in failed


def _answered(provider: Provider, *, is_error: bool) -> str:
    """The request that brings the answer to a call."""
    made = AssistantMessage(calls=(Call(id="call_1", name="ping", arguments="{}"),))
    answer = ToolMessage(tool_call_id="call_1", name="ping", content="What the tool said.", is_error=is_error)
    request = ModelRequest(model="m", messages=(UserMessage(content="Go on."), made, answer), timeout_s=1)
    return json.dumps(provider.wire().body(request, Target(provider.name, "m", provider.capabilities)))
