"""tasks/tools/weather.py: the simulated weather report."""

import json

import pytest

from tasks.invoke import invoke
from tasks.tools.weather import get_weather


def test_tokyo_is_clear() -> None:
    """The demonstration's question has its known answer."""
    assert json.loads(invoke(get_weather, {"city": "Tokyo"}).content) == {"city": "Tokyo", "temperature_f": 71, "condition": "Clear"}


@pytest.mark.parametrize("city", ["Paris", "", "東京"])
def test_any_city_has_the_same_weather_each_time(city: str) -> None:
    """A simulated answer can be repeated."""
    first, second = (json.loads(invoke(get_weather, {"city": city}).content) for _ in range(2))

    assert first == second
    assert 40 <= first["temperature_f"] < 90


def test_it_runs_among_many() -> None:
    """An async tool goes to the queue of threads."""
    assert (get_weather.spec.queue, get_weather.spec.idempotent) == ("io", True)
