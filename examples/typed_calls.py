"""Typed calls: what the model would call comes back as validated objects of several types, in order. Nothing is executed."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel

from orchestrator.client import Toolchord


class Weather(BaseModel):
    """The current weather in a place."""

    location: str
    units: Literal["imperial", "metric"]


class GoogleSearch(BaseModel):
    """A search of the web."""

    query: str


MESSAGES = [
    {"role": "system", "content": "You must always use tools."},
    {"role": "user", "content": "What is the weather in toronto and dallas and who won the super bowl?"},
]


def main() -> None:
    """Prints each object with the id of its call."""
    with Toolchord() as client:
        calls = client.calls(model="openai/gpt-4.1-mini", messages=MESSAGES, types=Iterable[Weather | GoogleSearch])
    for call_id, call in zip(calls.ids, calls, strict=True):
        match call:
            case Weather(location=location, units=units):
                print(f"{call_id}: the weather in {location}, in {units} units")
            case GoogleSearch(query=query):
                print(f"{call_id}: a search for {query!r}")


if __name__ == "__main__":
    main()
