"""What the environment sets up for models."""

import pytest

from orchestrator.llm import setup
from orchestrator.llm.provider import Access

_OLLAMA = {"OLLAMA_BASE_URL": "http://localhost:11434/v1"}
_ENDPOINT = {"AZURE_OPENAI_ENDPOINT": "https://host.test"}
_KEY = {"AZURE_OPENAI_API_KEY": "x"}


@pytest.mark.parametrize(
    ("model", "access"),
    [
        pytest.param("openai/gpt-5-mini", {}, id="the scripted model answers"),
        pytest.param("openai/gpt-5-mini", _KEY, id="another one is set up by half"),
        pytest.param("openai/gpt-5-mini", {"OPENAI_API_KEY": "x"}, id="a key"),
        pytest.param("ollama/qwen3", _OLLAMA, id="an address"),
        pytest.param("gpt-5-mini", {"OPENAI_BASE_URL": "http://x.test"}, id="no provider is named"),
        pytest.param("meta-llama/x", {"OPENAI_BASE_URL": "http://x.test"}, id="another server's model"),
        pytest.param("scripted/demo", {}, id="a script"),
    ],
)
def test_a_default_model_that_can_be_asked_is_no_problem(model: str, access: Access) -> None:
    """And none where the scripted model stands in for it."""
    assert setup.problem(model, access) is None


@pytest.mark.parametrize(
    ("model", "access", "said"),
    [
        (
            "openai/gpt-5-mini",
            _OLLAMA,
            (
                "TOOLCHORD_MODEL is openai/gpt-5-mini, but OpenAI is not set up: set OPENAI_API_KEY or OPENAI_BASE_URL, "
                "or TOOLCHORD_MODEL to a model of Ollama, such as ollama/qwen3."
            ),
        ),
        ("ollama/qwen3", {"OLLAMA_API_KEY": "x"}, "TOOLCHORD_MODEL is ollama/qwen3, but Ollama is not set up: set OLLAMA_BASE_URL."),
    ],
)
def test_a_default_model_that_cannot_be_asked_says_what_to_set(model: str, access: Access, said: str) -> None:
    """Its variables, or a model that can be asked, if there is one."""
    assert setup.problem(model, access) == said


@pytest.mark.parametrize(
    ("model", "access", "said"),
    [
        ("antropic/claude", {"OPENAI_API_KEY": "x"}, "TOOLCHORD_MODEL is antropic/claude. 'antropic' is no provider that Toolchord knows."),
        ("antropic/claude", _OLLAMA, "Did you mean anthropic?"),
        ("openai/", {}, "names no model"),
    ],
)
def test_a_default_model_of_no_provider_is_told(model: str, access: Access, said: str) -> None:
    """As a run that names it is."""
    assert said in (setup.problem(model, access) or "")


@pytest.mark.parametrize(
    ("access", "said"),
    [
        ({}, ()),
        (_OLLAMA, ()),
        (_KEY | _ENDPOINT, ()),
        (_KEY, ("AZURE_OPENAI_API_KEY is set without AZURE_OPENAI_ENDPOINT: Azure OpenAI is not set up.",)),
        ({"OLLAMA_API_KEY": "x"}, ("OLLAMA_API_KEY is set without OLLAMA_BASE_URL: Ollama is not set up.",)),
        ({"GOOGLE_CLOUD_PROJECT": "mine", "GOOGLE_CLOUD_LOCATION": "europe-west4"}, ()),
    ],
)
def test_a_provider_that_is_set_up_by_half_is_told_once(access: Access, said: tuple[str, ...]) -> None:
    """A variable that serves another provider is no half."""
    assert setup.halves(access) == said


@pytest.mark.parametrize("url", ["not-a-url", "localhost:11434", "https://", "ftp://host.test", "http://a b"])
def test_an_address_that_is_none_is_a_fault(url: str) -> None:
    """Its value is not told."""
    assert list(setup.faults({"OLLAMA_BASE_URL": url})) == ["`OLLAMA_BASE_URL` must begin with http:// or https://"]


def test_addresses_and_keys_are_no_faults() -> None:
    """A key may be anything."""
    assert list(setup.faults(_OLLAMA | _ENDPOINT | _KEY)) == []


def test_providers_are_named_once() -> None:
    """Two ways to ask one are one."""
    assert setup.titles({"OPENAI_API_KEY": "x", **_OLLAMA}) == ("OpenAI", "Ollama")
