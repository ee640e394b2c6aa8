"""The examples, run as their reader runs them, without a key."""

import os
import re
import subprocess
import sys

import pytest

from tests.acceptance.conftest import ROOT
from tests.acceptance.local import Local

_OBJECTS = (
    "Weather(location='toronto', units='imperial')",
    "Weather(location='dallas', units='imperial')",
    "GoogleSearch(query='who won the super bowl')",
)
_DEMO = "What's the weather in Tokyo, what's AAPL's stock price, and what's the latest news about AI?"


@pytest.fixture
def example(local: Local) -> "Example":
    """Runs one example against the Toolchord of the session."""
    return Example(local.stack.api_url)


class Example:
    """The terminal of an example."""

    def __init__(self, api_url: str) -> None:
        self._environ = {**os.environ, "TOOLCHORD_API_URL": api_url, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}

    def __call__(self, name: str, *arguments: str) -> str:
        """What it prints."""
        command = [sys.executable, "-m", f"examples.{name}", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self._environ, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def test_calls_come_back_as_objects_of_two_classes(example: Example) -> None:
    """Three, in the question's order, each with its id."""
    lines = example("typed_calls").splitlines()

    assert [re.sub(r"run_\w{26}", "run", line) for line in lines] == [
        "run.1.0: the weather in toronto, in imperial units",
        "run.1.1: the weather in dallas, in imperial units",
        "run.1.2: a search for 'who won the super bowl'",
    ]


@pytest.mark.parametrize(
    "model",
    [
        "openai/gpt-4.1-mini",
        "google/gemini-2.5-flash",
        "vertex/gemini-2.5-flash",
        "anthropic/claude-sonnet-4-5",
        "azure/gpt-4o",
        "openrouter/google/gemini-2.5-flash-lite",
    ],
)
def test_every_provider_gives_the_same_objects(example: Example, model: str) -> None:
    """Only the model's name changes."""
    assert example("every_provider", model).splitlines() == [model, *(f"  {each}" for each in _OBJECTS)]


def test_three_cities_are_answered_in_one_more_model_call(example: Example) -> None:
    """It has all results, in the calls' order."""
    lines = example("azure_deployment").splitlines()

    cities = ("Bengaluru", "London", "Austin")
    asked = ", ".join(f'{{"city_name":"{city}"}}' for city in cities)
    assert lines[:2] == [f"model call 1: {asked}", "model call 2: the answer"]
    assert [line.split(": ")[1] for line in lines if line.startswith("tool message for call_")] == [*cities]
    assert [line for line in lines if line.startswith("model call")] == lines[:2]
    assert all(any(line.startswith(f"- get_city_weather({city})") for line in lines) for city in cities)


def test_three_tools_take_the_time_of_one(example: Example) -> None:
    """By the example's own measure; a question that needs no tool is answered as it is."""
    asked, _, joked = example("openrouter_speedup").partition("Tell me a joke.")

    calls = ("get_weather({", "get_stock_price({", "get_news_headlines({")
    facts = ('"temperature_f":71,"condition":"Clear"', '"price":198.50,"change":"+1.2%"', "New AI model tops reasoning benchmarks")
    assert asked.strip().startswith(_DEMO)
    assert all(part in asked for part in (*calls, *facts))
    speed_up = re.search(r"(\d\.\d{3}) s of work in (\d\.\d{3}) s: \d\.\dx", asked)
    assert speed_up
    assert float(speed_up[1]) > float(speed_up[2])
    assert "no tool was called" in joked


def test_the_rules_hold(example: Example) -> None:
    """Each is shown by what happened."""
    told = example("rules")

    for part in (
        "12 calls in turn 1, at most 8 at once.",
        "at most 5 at once.",
        "and the run says so: strict_off: ",
        "has the strict form there: 1 call, 0 warnings.",
        "goes to the provider: 1 call.",
        "London: 11 °C, cloudy",
        '"code":"tool_input_error","message":"There is no city named Atlantis."',
        "Brest: 04:12",
        '"code":"timed_out","message":"The tool did not finish within 1 s."',
        "amount: Input should be greater than 0.",
        "in the calls' order: True.",
    ):
        assert part in told
