"""The providers that Toolchord knows."""

import pytest

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.model import Sampling
from orchestrator.llm.provider import ModelName, Provider
from orchestrator.llm.records import PROVIDERS, configured, named

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
